"""A real server of a real data folder, and a plain client."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from stereo_spot.conversion.create import create
from stereo_spot.media.guard import MediaLimits
from stereo_spot.model import Job, JobOptions
from stereo_spot.runtime.local import LocalMachine, open_machine
from stereo_spot.transitions import job as moves
from stereo_spot.web import create_app

FILM = bytes(range(256)) * 4096


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json", self.text
        problem = self.json
        assert problem["status"] == self.status
        assert problem["type"] == f"/errors/{problem['kind']}"
        assert problem["request_id"] == self.headers["x-request-id"]
        assert problem["detail"] and problem["instance"].startswith("/")
        return problem


@dataclass
class Client:
    port: int
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, target: str, body: Any = None, **headers: str) -> Answer:
        """One request; a dict or list is sent as JSON, `_` in header names stands for `-`."""
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, dict | list):
            body = json.dumps(body)
            sent = {"content-type": "application/json"} | sent
        parts = urlsplit(target)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, sent)
            got = connection.getresponse()
            found = {name.lower(): value for name, value in got.getheaders()}
            return Answer(got.status, found, got.read())
        finally:
            connection.close()

    def create(self, **asked: Any) -> Answer:
        answer = self.ask("POST", "/v1/jobs", asked)
        assert answer.status == 202, answer.text
        return answer

    def raw(self, request: bytes) -> bytes:
        """Bytes as they are, and all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(request)
            got = b""
            while block := connection.recv(65536):
                got += block
            return got


@dataclass
class Served:
    """A data folder and the server in front of it."""

    machine: LocalMachine
    client: Client

    def finished(self, body: bytes = FILM, *, title: str | None = "A film", **said: Any) -> Job:
        """A job whose film is done, without the work."""
        app = self.machine.services
        job = create(JobOptions(**said), app, title=title)
        key = f"jobs/{job.job_id}/final.mp4"
        with app.objects.create(key, {}) as new:
            new.write_at(0, body)
            info = new.commit()
        assert info is not None
        now = app.clock()
        steps = (
            *moves.claim_chunk(now, "o", 60, etag="e", size=1)[:1],
            moves.commit_plan(now, digest="d" * 64, total=1, facts=FACTS),
            moves.flip(now),
            moves.publish(
                now, key=key, etag=info.etag, frames=24, result={"frames": 24, "size_bytes": 1}
            ),
        )
        for step in steps:
            assert app.jobs.apply(job.job_id, step) is not None, step.name
        found = app.jobs.get(job.job_id)
        assert found is not None
        return found

    def failed(self, kind: str = "segment_failed", text: str = "it broke") -> Job:
        """A job that failed."""
        app = self.machine.services
        job = create(JobOptions(), app)
        failure = moves.Failure(kind, text, 3)  # type: ignore[arg-type]
        found = app.jobs.apply(job.job_id, moves.fail(app.clock(), job, failure))
        assert found is not None
        return found


FACTS = {
    "frames": 24,
    "duration_s": 1.0,
    "width": 64,
    "height": 48,
    "frame_rate": "24/1",
    "time_base": "1/24",
    "start_pts": 0,
    "video_codec": "h264",
    "pixel_format": "yuv420p",
    "container": "mp4",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    yield from serve(tmp_path_factory.mktemp("data"))


def serve(data: Path, *, limits: MediaLimits | None = None, **said: Any) -> Iterator[Served]:
    """Serve a data folder until the iterator is closed."""
    machine = open_machine(data, limits=limits)
    app = create_app(machine.services, storage=machine.links, **said)
    config = uvicorn.Config(
        app, port=0, log_level="warning", lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Served(machine, Client(port))
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture
def client(served: Served) -> Client:
    return served.client
