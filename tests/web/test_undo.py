"""Deleting a film on the page, and what becomes of it."""

import uuid
from dataclasses import replace

import pytest
from stereo_spot.conversion.sweep import sweep
from stereo_spot.model import JobStatus
from stereo_spot.transitions.job import UNDO_KEPT_S, UNDO_S

from tests.web.conftest import FILM, Client, Served


def swept(served: Served, seconds: float) -> None:
    """The sweeper's look some seconds from now."""
    app = served.machine.services
    sweep(replace(app, clock=lambda: app.clock() + seconds))


def library(client: Client, target: str) -> str:
    got = client.ask("GET", target, accept="text/html")
    assert got.status == 200
    return got.text


def test_a_deleted_film_is_gone_and_the_library_offers_to_undo_that(served: Served) -> None:
    job = served.finished(title=f"gone {uuid.uuid4()}")

    gone = served.client.ask("POST", f"/jobs/{job.job_id}/delete")

    where = f"/jobs?removed=1&undo={job.job_id}"
    assert (gone.status, gone.headers["location"]) == (303, where)
    text = library(served.client, where)
    assert f"“<bdi>{job.title}</bdi>” was deleted" in text
    assert f'action="/jobs/{job.job_id}/restore"' in text
    for target in (f"/v1/jobs/{job.job_id}", f"/jobs/{job.job_id}"):
        assert served.client.ask("GET", target).status == 404
    assert str(job.title) not in library(served.client, "/jobs")
    assert served.client.ask("POST", f"/jobs/{job.job_id}/delete").headers["location"] == where


def test_undo_brings_back_a_film_in_every_state_with_all_it_had(served: Served) -> None:
    waiting = served.client.create(title="w").json
    served.client.ask("PUT", waiting["upload"]["url"], FILM)
    for job_id in (waiting["id"], served.failed().job_id, served.finished().job_id):
        before = served.client.ask("GET", f"/v1/jobs/{job_id}").json
        served.client.ask("POST", f"/jobs/{job_id}/delete")
        swept(served, UNDO_S)

        back = served.client.ask("POST", f"/jobs/{job_id}/restore")

        assert (back.status, back.headers["location"]) == (303, f"/jobs/{job_id}")
        assert served.client.ask("GET", f"/v1/jobs/{job_id}").json == before
        assert "was deleted" not in library(served.client, f"/jobs?removed=1&undo={job_id}")
        again = served.client.ask("POST", f"/jobs/{job_id}/restore")
        assert again.status == 303
    source = served.machine.services.objects.open(f"input/{waiting['id']}/source.mp4")
    assert source.read_at(0, len(FILM)) == FILM
    source.close()


def test_a_film_that_nobody_brought_back_is_removed(served: Served) -> None:
    job = served.finished(title="for good")
    link = served.client.ask("GET", f"/v1/jobs/{job.job_id}/play").headers["location"]
    served.client.ask("POST", f"/jobs/{job.job_id}/delete")

    swept(served, UNDO_KEPT_S + 1)

    assert served.client.ask("GET", link).status == 404
    assert list(served.machine.services.objects.list(f"jobs/{job.job_id}/")) == []
    late = served.client.ask("POST", f"/jobs/{job.job_id}/restore")
    assert late.problem()["kind"] == "not_found"
    row = served.machine.services.jobs.get(job.job_id)
    assert row is not None and row.status is JobStatus.DELETED
    text = library(served.client, f"/jobs?removed=1&undo={job.job_id}")
    assert "was deleted" in text and "Undo" not in text


def test_what_a_program_deletes_is_not_brought_back(served: Served) -> None:
    job = served.finished()
    served.client.ask("DELETE", f"/v1/jobs/{job.job_id}")

    assert served.client.ask("POST", f"/jobs/{job.job_id}/restore").problem()["status"] == 404


@pytest.mark.parametrize(
    "undo", ["", "&undo=x", "&undo=00000000-0000-4000-8000-000000000000", "&undo=%3Cb%3E"]
)
def test_the_library_says_no_more_than_it_knows(client: Client, undo: str) -> None:
    text = library(client, f"/jobs?removed=1{undo}")

    assert "The film was deleted" in text and "restore" not in text
