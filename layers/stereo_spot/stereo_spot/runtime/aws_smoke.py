"""Proves a deployment from outside: each check does one thing that conversions rely on."""

import secrets
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from stereo_spot.adapters.aws.queue import SqsQueue
from stereo_spot.conversion.control import delete
from stereo_spot.conversion.create import create
from stereo_spot.conversion.services import Services
from stereo_spot.conversion.stored import read_all, store_bytes
from stereo_spot.events import ChunkRequested
from stereo_spot.keys import SourceKey
from stereo_spot.model import JobOptions, JobStatus

_TEST_MESSAGE = '{"Service": "Amazon S3", "Event": "s3:TestEvent"}'
"""What every reader of a queue passes over."""


@dataclass(frozen=True)
class Check:
    """One check and how it came out."""

    name: str
    passed: bool
    detail: str = ""


Fetch = Callable[[str, str, Mapping[str, str], bytes | None], tuple[int, bytes]]
"""Sends method, URL, headers and body; answers with status and body."""


def over_https(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None
) -> tuple[int, bytes]:
    """Send one request."""
    named = {"Content-Type": "video/mp4"} if body is not None else {}
    request = urllib.request.Request(url, body, {**named, **headers}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, b""


def smoke(
    app: Services, queues: Mapping[str, SqsQueue], *, fetch: Fetch = over_https
) -> Iterator[Check]:
    """Run every check; one that fails does not keep the others from running."""
    job_id = str(uuid.uuid4())
    checks: list[tuple[str, Callable[[], str]]] = [
        ("job row", lambda: _row(job_id, app)),
        ("first writer wins", lambda: _first_writer(job_id, app)),
        ("signed upload and download", lambda: _round_trip(job_id, app, fetch)),
        ("event bus", lambda: _event(job_id, app)),
    ]
    checks += [(f"queue {name}", partial(_message, queue)) for name, queue in queues.items()]
    for name, check in checks:
        try:
            yield Check(name, True, check())
        except Exception as error:  # noqa: BLE001 - the report is the point
            yield Check(name, False, f"{type(error).__name__}: {error}")
    app.objects.delete([str(SourceKey(job_id)), _probe(job_id)])


def _row(job_id: str, app: Services) -> str:
    """A job that is created, read and removed; a tombstone stays for 30 days."""
    create(JobOptions(), app, job_id=job_id, title="smoke test", autostart=False)
    delete(job_id, app)
    row = app.jobs.get(job_id)
    _expect(row is not None and row.status is JobStatus.DELETED, "the row is not as written")
    return job_id


def _first_writer(job_id: str, app: Services) -> str:
    first = store_bytes(app.objects, _probe(job_id), b"first", {})
    second = store_bytes(app.objects, _probe(job_id), b"second", {})
    _expect(first is not None, "the first writer was refused")
    _expect(second is None, "the second writer was not refused: If-None-Match is not honoured")
    body = read_all(app.objects.open(_probe(job_id)))
    _expect(body == b"first", "the object changed under its key")
    return "the second of two writers was refused"


def _round_trip(job_id: str, app: Services, fetch: Fetch) -> str:
    key, body = str(SourceKey(job_id)), secrets.token_bytes(1024)
    grant = app.uploads.single(key)
    status, _answer = fetch(grant.method, grant.url, grant.headers, body)
    _expect(status == 200, f"the upload was answered {status}")
    url = app.downloads.url(key, filename="x", inline=False)
    _expect(fetch("GET", url, {}, None) == (200, body), "other bytes came back")
    status, _answer = fetch(grant.method, grant.url, grant.headers, body)
    _expect(status == 412, f"a second upload to the same key was answered {status}")
    return "1 KiB there and back; a second upload was refused"


def _event(job_id: str, app: Services) -> str:
    app.bus.publish(ChunkRequested(job_id=job_id))
    return "an event was taken"


def _message(queue: SqsQueue) -> str:
    queue.send(_TEST_MESSAGE)
    for message in queue.receive(at_once=10):
        if message.body == _TEST_MESSAGE:
            queue.done(message)
            return "a message there and back"
        queue.hold(message, 0)
    return "a message was taken by its reader"


def _probe(job_id: str) -> str:
    return f"jobs/{job_id}/smoke"


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)
