"""Segments made by a render server: whole jobs against the real program, and its client."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from stereo_spot.adapters.memory import MemoryObjectStore
from stereo_spot.adapters.render_server import RenderServer
from stereo_spot.errors import ErrorKind, MachineError, StepError, StereoSpotError
from stereo_spot.keys import RenderedKey
from stereo_spot.media.engine import Engine
from stereo_spot.ports import Outcome
from stereo_spot.runtime.local import open_machine

from inference_container.invocations import Invocations
from tests.flow.command import run_json, shown, start
from tests.models.test_server import serving, stored_segment

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "inference_container.server"]


def free_port():
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return some.getsockname()[1]


@contextmanager
def program(folder, port, log, **more):
    """The server of the container, for the objects of one data folder."""
    env = os.environ | {
        "OBJECTS_DIR": str(folder / "objects"),
        "SERVER_PORT": str(port),
        "STEREO_SPOT_TIER": "classic",
        "SCRATCH_DIR": str(folder / "server"),
        **more,
    }
    with log.open("ab") as file:
        process = subprocess.Popen(PROGRAM, cwd=ROOT, env=env, stderr=file)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def http(port):
    return {"INFERENCE_BACKEND": "http", "INFERENCE_HTTP_URL": f"http://127.0.0.1:{port}"}


def wait_for(what, seconds=60):
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.02)
    return found


def test_a_film_comes_out_whole_and_the_server_made_every_segment(scene, tmp_path):
    data, out, log, port = tmp_path / "d", tmp_path / "out.mp4", tmp_path / "log", free_port()

    with program(data, port, log):  # the first segments wait for it: it takes a while to load
        told = run_json(
            "convert", scene, "-o", out, "--end", 3, "--segment-duration", 1, "--mode", "half_sbs",
            "--data", data, env=os.environ | http(port),
        )  # fmt: skip

    before, after = shown(scene)[:72], shown(out)
    assert len(after) == told["frames"] == 72
    assert {b[0] - a[0] for a, b in zip(before, after, strict=True)} == {before[0][0] * 0}
    assert log.read_text().count("stored a segment") == told["segments"] == 3
    machine = open_machine(data)
    job = machine.jobs.page(("completed",)).jobs[0]
    assert job.result["depth_source"] and job.result["comfort"], "the report came along"


def test_a_server_that_is_killed_costs_one_try_and_no_frame(long_film, tmp_path, monkeypatch):
    data, out, log, port = tmp_path / "d", tmp_path / "out.mp4", tmp_path / "log", free_port()
    for name, value in http(port).items():
        monkeypatch.setenv(name, value)
    convert = start("convert", long_film, "-o", out, "--data", data, "--workers", 1)
    with program(data, port, log) as first:
        wait_for(lambda: list((data / "server").glob("invocation-*/segment")))
        first.send_signal(signal.SIGKILL)

    with program(data, port, log):
        assert convert.wait(timeout=120) == 0

    assert len(shown(out)) == 300
    machine = open_machine(data)
    (job,) = machine.jobs.page(("completed",)).jobs
    assert [row.tries for row in machine.services.ledger.rows(job.job_id)] == [1]


def test_a_segment_that_the_server_refuses_ends_the_job_with_the_reason(scene, tmp_path):
    port = free_port()

    with program(tmp_path / "elsewhere", port, tmp_path / "log"):
        told = run_json(
            "convert",
            scene,
            "--end",
            1,
            "--data",
            tmp_path / "d",
            expect=1,
            env=os.environ | http(port),
        )

    assert told["error_kind"] == "segment_failed"
    assert "this server opens no files there" in told["message"]


def test_the_backend_needs_an_address(scene, tmp_path):
    told = run_json(
        "convert", scene, "--data", tmp_path, expect=2,
        env=os.environ | {"INFERENCE_BACKEND": "http", "INFERENCE_HTTP_URL": "here"},
    )  # fmt: skip

    assert told["error_kind"] == "bad_request" and "INFERENCE_HTTP_URL" in told["message"]


class TestClient:
    """The client against the real server in this process."""

    @pytest.fixture
    def objects(self):
        return MemoryObjectStore()

    @pytest.fixture
    def server(self):
        with serving() as running:
            yield running

    @pytest.fixture
    def engine(self):
        made = Engine()
        yield made
        made.close()

    @staticmethod
    def client(port, **options):
        buckets = {True: "results", False: "films"}
        return RenderServer(
            f"http://127.0.0.1:{port}",
            lambda key: f"s3://{buckets[key.startswith('jobs/')]}/{key}",
            **{"pause_s": 0.02, "ping_s": 0.05} | options,
        )

    @staticmethod
    def asked(objects, tmp_path):
        key = stored_segment(objects, tmp_path)["s3_input_uri"].removeprefix("s3://films/")
        info = objects.head(key)
        return info, RenderedKey(key.split("/")[1], 0)

    def made(self, client, info, target):
        return client.make(info, target, run="r", progress=lambda frames: None)

    def test_503_means_wait_and_a_result_that_is_there_is_taken(
        self, server, objects, engine, tmp_path
    ):
        info, target = self.asked(objects, tmp_path)
        client, outcomes = self.client(server.server_address[1]), []
        waiting = threading.Thread(
            target=lambda: outcomes.append(self.made(client, info, target)), daemon=True
        )
        waiting.start()
        time.sleep(0.1)
        assert waiting.is_alive()

        server.invocations = Invocations(
            objects=lambda *_: objects, engine=engine, scratch=tmp_path / "scratch"
        )
        waiting.join(timeout=60)
        stored = objects.head(str(target)).etag

        assert outcomes == [Outcome.STORED]
        assert self.made(client, info, target) is Outcome.STORED
        assert objects.head(str(target)).etag == stored

    def test_a_server_that_is_never_ready_is_a_failure_in_the_end(self, server, objects, tmp_path):
        client = self.client(server.server_address[1], patience_s=0.1)

        with pytest.raises(StepError, match="not ready"):
            self.made(client, *self.asked(objects, tmp_path))

    def test_a_refusal_keeps_its_kind(self, server, objects, tmp_path):
        class Full:
            def answer(self, request):
                raise MachineError(ErrorKind.OUT_OF_MEMORY, "12 GB are needed")

        server.invocations = Full()

        with pytest.raises(StereoSpotError, match="12 GB") as caught:
            self.made(self.client(server.server_address[1]), *self.asked(objects, tmp_path))
        assert caught.value.kind == "out_of_memory"

    def test_waiting_ends_when_the_job_does(self, server, objects, tmp_path):
        server.invocations = Endless()
        info, target = self.asked(objects, tmp_path)
        client = self.client(server.server_address[1])

        def stop():
            assert server.invocations.asked.wait(60)
            client.stop()

        threading.Thread(target=stop, daemon=True).start()
        assert self.made(client, info, target) is Outcome.STOPPED

    def test_a_server_may_take_only_so_long(self, server, objects, tmp_path):
        server.invocations = Endless()

        with pytest.raises(StepError, match="took over"):
            self.made(
                self.client(server.server_address[1], timeout_s=0.2),
                *self.asked(objects, tmp_path),
            )

    def test_a_machine_that_is_gone_without_a_word_is_noticed(self, objects, tmp_path):
        """Its connection stays open, as after a power cut, but nothing answers there any more."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client, kept = self.client(listener.getsockname()[1]), []

            def accept_once():
                kept.append(listener.accept()[0])
                listener.close()

            threading.Thread(target=accept_once, daemon=True).start()
            with pytest.raises(StepError, match="broke off"):
                self.made(client, *self.asked(objects, tmp_path))
            kept[0].close()


class Endless:
    """Answers nothing before the test is over."""

    def __init__(self):
        self.asked = threading.Event()

    def answer(self, request):
        self.asked.set()
        threading.Event().wait(120)
        return {}
