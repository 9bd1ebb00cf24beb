"""Progress as server-sent events."""

import http.client
import json
from collections.abc import Iterator

from stereo_spot.conversion import control

from tests.web.conftest import Served


def events(served: Served, target: str, **headers: str) -> Iterator[dict[str, str]]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", served.client.port, timeout=20)
    connection.request("GET", target, headers=sent)
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    told: dict[str, str] = {}
    for line in answer:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            told[name] = value
        elif told:
            yield told
            told = {}
    connection.close()


def test_every_change_is_told_until_the_job_ends(served: Served) -> None:
    job = served.client.create().json
    told = events(served, f"/v1/jobs/{job['id']}/events")

    first = next(told)
    assert first["event"] == "job" and first["id"]
    assert json.loads(first["data"])["status"] == "created"
    control.cancel(job["id"], served.machine.services)
    last = list(told)[-1]

    assert json.loads(last["data"])["state"] == "cancelled"
    assert json.loads(last["data"]) == served.client.ask("GET", f"/v1/jobs/{job['id']}").json


def test_a_client_that_comes_back_is_not_told_again(served: Served) -> None:
    job = served.finished()
    target = f"/v1/jobs/{job.job_id}/events"
    (told,) = events(served, target)

    assert list(events(served, target, last_event_id=told["id"])) == []


def test_a_deleted_job_ends_its_stream(served: Served) -> None:
    job = served.client.create().json
    told = events(served, f"/v1/jobs/{job['id']}/events")
    next(told)
    served.client.ask("DELETE", f"/v1/jobs/{job['id']}")

    assert list(told) == []


def test_the_plain_stream_tells_percent_and_stage(served: Served) -> None:
    job = served.finished()
    (told,) = events(served, f"/jobs/{job.job_id}/events")

    assert json.loads(told["data"]) == {"progress_percent": 100, "stage_label": "done"}


def test_a_stream_of_no_job_is_a_problem(served: Served) -> None:
    assert served.client.ask("GET", "/v1/jobs/nothing/events").problem()["status"] == 404
