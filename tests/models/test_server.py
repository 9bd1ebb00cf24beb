"""SageMaker's contract over real HTTP, with the real engine and objects in memory."""

import http.client
import json
import socket
import struct
import threading
import time
from contextlib import contextmanager

import pytest
from stereo_spot.adapters.memory import MemoryObjectStore
from stereo_spot.conversion.segments import SegmentMark
from stereo_spot.conversion.stored import read_all, store_file
from stereo_spot.keys import RenderedKey, SegmentKey, mezzanine_key
from stereo_spot.media.engine import Engine
from stereo_spot.model import Recipe

from inference_container.invocations import Invocations
from inference_container.server import Server, main
from tests.engine.films import moving_pictures, write_film

JOB = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def objects():
    return MemoryObjectStore()


@contextmanager
def serving():
    """The container's server, in a thread of this process."""
    running = Server(("127.0.0.1", 0))
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture
def server():
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def engine():
    made = Engine()
    yield made
    made.close()


def call(server, method, path, body=None, headers=()):
    connection = http.client.HTTPConnection(*server.server_address, timeout=60)
    try:
        text = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(method, path, text, dict(headers))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def stored_segment(objects, tmp_path, mode="sbs", n_frames=6, tier="stub", **recipe):
    film = write_film(tmp_path / "cut.mp4", moving_pictures(n_frames + 2))
    mark = SegmentMark(
        n_frames=n_frames,
        preroll_frames=2,
        base_index=0,
        from_time="0",
        source_etag="e",
        plan_digest="d",
        recipe=Recipe(mode=mode, tier=tier, **recipe),
    )
    key = SegmentKey(JOB, 0, 1, mark.recipe.mode)
    store_file(objects, str(key), film, mark.as_metadata(0))
    return {
        "s3_input_uri": f"s3://films/{key}",
        "s3_output_uri": f"s3://results/{RenderedKey(JOB, 0)}",
    }


def ready(server, objects, engine, tmp_path):
    server.invocations = Invocations(
        objects=lambda *_: objects, engine=engine, scratch=tmp_path / "scratch"
    )


def test_ping_says_503_until_the_models_are_loaded(server, objects, engine, tmp_path):
    assert call(server, "GET", "/ping")[0] == 503
    assert call(server, "POST", "/invocations", {})[0] == 503

    ready(server, objects, engine, tmp_path)

    assert call(server, "GET", "/ping")[0] == 200


@pytest.mark.parametrize("mode", ["sbs", "anaglyph"])
def test_an_invocation_stores_what_complete_reads(server, objects, engine, tmp_path, mode):
    ready(server, objects, engine, tmp_path)
    request = stored_segment(objects, tmp_path, mode)

    status, answer = call(server, "POST", "/invocations", request)

    assert (status, answer["status"]) == (200, "done")
    info = objects.head(str(RenderedKey(JOB, 0)))
    assert info.metadata["n_frames"] == "6" and len(info.metadata["sha256"]) == 64
    assert (objects.head(mezzanine_key(JOB, 0)) is not None) == (mode != "sbs")
    assert list((tmp_path / "scratch").iterdir()) == []


def test_the_same_invocation_again_adopts_the_result(server, objects, engine, tmp_path):
    ready(server, objects, engine, tmp_path)
    request = stored_segment(objects, tmp_path)
    call(server, "POST", "/invocations", request)
    first = read_all(objects.open(str(RenderedKey(JOB, 0))))

    status, answer = call(server, "POST", "/invocations", request)

    assert (status, answer["status"]) == (200, "exists")
    assert read_all(objects.open(str(RenderedKey(JOB, 0)))) == first


def test_two_at_once_take_turns_and_one_result_stays(server, objects, engine, tmp_path):
    ready(server, objects, engine, tmp_path)
    request = stored_segment(objects, tmp_path)
    answers = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(call(server, "POST", "/invocations", request))
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer["status"] for _, answer in answers) == ["done", "exists"]


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"{", 400, "bad_request"),
        (b"[" * 50_000, 400, "bad_request"),
        ({"s3_input_uri": "s3://[", "s3_output_uri": "s3://results/y"}, 400, "bad_request"),
        (b"[1]", 400, "bad_request"),
        ({"s3_input_uri": "s3://films/x"}, 400, "bad_request"),
        (
            {"s3_input_uri": "file:///etc/passwd", "s3_output_uri": "s3://results/y"},
            400,
            "bad_request",
        ),
        (
            {"s3_input_uri": "s3://films/x", "s3_output_uri": "s3://results/final.mp4"},
            400,
            "bad_request",
        ),
        (
            {
                "s3_input_uri": "s3://films/x",
                "s3_output_uri": f"s3://results/{RenderedKey(JOB, 0)}",
            },
            404,
            "not_found",
        ),
    ],
)
def test_bad_requests_are_told_apart(server, objects, engine, tmp_path, body, status, kind):
    ready(server, objects, engine, tmp_path)

    found, answer = call(server, "POST", "/invocations", body)

    assert (found, answer["error_kind"]) == (status, kind)


@pytest.mark.parametrize("place", ["metadata", "request"])
@pytest.mark.parametrize("name", ["depth_from", "export_depth"])
def test_nobody_names_files_of_this_machine(server, objects, engine, tmp_path, name, place):
    ready(server, objects, engine, tmp_path)
    request = stored_segment(objects, tmp_path, tier="classic", **{name: str(tmp_path / "maps")})
    if place == "request":
        key = request["s3_input_uri"].removeprefix("s3://films/")
        metadata = dict(objects.head(key).metadata)
        objects.delete([key])
        request["recipe"] = metadata.pop("recipe")
        store_file(objects, key, tmp_path / "cut.mp4", metadata)

    status, answer = call(server, "POST", "/invocations", request)

    assert (status, answer["error_kind"]) == (400, "bad_request")
    assert "depth files" in answer["message"]
    assert not (tmp_path / "maps").exists()


@pytest.mark.parametrize("length", [str(1 << 20), "9" * 5000, "-1", "x"])
def test_too_large_a_request_is_refused_unread(server, length):
    status, _ = call(server, "POST", "/invocations", b"x", {"Content-Length": length})

    assert status == 400


def test_who_hangs_up_early_does_not_lose_the_result(server, objects, engine, tmp_path, caplog):
    request = stored_segment(objects, tmp_path)
    gone, render = threading.Event(), engine.render

    class Slow:
        def render(self, job, progress):
            gone.wait(60)
            return render(job, progress)

    ready(server, objects, Slow(), tmp_path)
    body = json.dumps(request).encode()
    head = f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(server.server_address) as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        asking.sendall(head.encode() + body)
        time.sleep(0.1)
    with caplog.at_level("INFO", "stereo_spot.server"):
        gone.set()
        assert call(server, "POST", "/invocations", request)[1]["status"] == "exists"
        until = time.monotonic() + 30
        while not caplog.messages and time.monotonic() < until:
            time.sleep(0.01)

    assert caplog.messages == ["whoever asked is gone"]


def test_bytes_that_are_no_film_are_the_sources_fault(server, objects, engine, tmp_path):
    ready(server, objects, engine, tmp_path)
    request = stored_segment(objects, tmp_path)
    key = request["s3_input_uri"].removeprefix("s3://films/")
    metadata = objects.head(key).metadata
    objects.delete([key])
    (tmp_path / "text").write_text("not a film " * 50)
    store_file(objects, key, tmp_path / "text", metadata)

    status, answer = call(server, "POST", "/invocations", request)

    assert status == 422 and answer["error_kind"].startswith("source_")


def test_an_engine_that_loses_frames_stores_nothing(server, objects, tmp_path):
    class Lossy:
        def render(self, job, progress):
            write_film(tmp_path / "short.mp4", moving_pictures(3)).rename(job.dst)
            return {}

    ready(server, objects, Lossy(), tmp_path)

    status, answer = call(server, "POST", "/invocations", stored_segment(objects, tmp_path))

    assert (status, answer["error_kind"]) == (500, "segment_failed")
    assert objects.head(str(RenderedKey(JOB, 0))) is None


@pytest.mark.parametrize(
    ("name", "value", "code", "told"),
    [
        (
            "STEREO_SPOT_TIER",
            "qualty",
            2,
            "kind=bad_request message=STEREO_SPOT_TIER: Input",
        ),
        ("SERVER_PORT", "x", 2, "kind=bad_request message=SERVER_PORT: Input"),
        ("SERVER_HOST", "192.0.2.1", 1, "kind=port_in_use message="),
    ],
)
def test_a_server_that_cannot_start_says_why_in_one_line(
    monkeypatch, caplog, name, value, code, told
):
    monkeypatch.setenv("SERVER_PORT", "0")
    monkeypatch.setenv(name, value)

    assert main() == code

    (line,) = caplog.messages
    assert f"cannot serve: {told}" in line and "\n" not in line
