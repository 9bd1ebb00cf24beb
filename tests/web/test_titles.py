"""Another title for a film, as a program gives it."""

import uuid

import pytest

from tests.web.conftest import Client, Served


def test_a_new_title_is_shown_and_names_the_download(served: Served) -> None:
    job = served.finished(title="Film (1)")

    renamed = served.client.ask("PATCH", f"/v1/jobs/{job.job_id}", {"title": "Käse & Wein"})

    assert renamed.status == 200 and renamed.json["title"] == "Käse & Wein"
    seen = served.client.ask("GET", f"/v1/jobs/{job.job_id}")
    assert seen.json == renamed.json and seen.headers["etag"] == renamed.headers["etag"]
    assert seen.json["result"]["filename"] == "Käse _ Wein_LRF_Full_SBS.mp4"
    link = served.client.ask("GET", f"/v1/jobs/{job.job_id}/download").headers["location"]
    sent = served.client.ask("GET", link).headers["content-disposition"]
    assert "K%C3%A4se" in sent and "Film" not in sent
    row = served.machine.services.jobs.get(job.job_id)
    assert row is not None and row.options == job.options
    assert (row.output_key, row.plan_digest) == (job.output_key, job.plan_digest)


def test_a_film_has_its_new_title_in_every_state(served: Served) -> None:
    waiting = served.client.create().json["id"]
    for job_id in (waiting, served.failed().job_id, served.finished().job_id):
        before = served.client.ask("GET", f"/v1/jobs/{job_id}").json["status"]

        renamed = served.client.ask("PATCH", f"/v1/jobs/{job_id}", {"title": "x"})

        assert (renamed.status, renamed.json["status"]) == (200, before)
    served.client.ask("DELETE", f"/v1/jobs/{waiting}")
    gone = served.client.ask("PATCH", f"/v1/jobs/{waiting}", {"title": "y"})
    assert gone.problem()["kind"] == "not_found"


def test_with_if_match_only_what_was_seen_is_changed(served: Served) -> None:
    path = f"/v1/jobs/{served.finished(title='a').job_id}"
    tag = served.client.ask("GET", path).headers["etag"]

    first = served.client.ask("PATCH", path, {"title": "b"}, if_match=f'"x", {tag}')
    late = served.client.ask("PATCH", path, {"title": "c"}, if_match=tag)

    assert first.status == 200 and first.headers["etag"] != tag
    assert late.status == 412 and late.problem()["kind"] == "precondition_failed"
    assert served.client.ask("GET", path).json["title"] == "b"
    assert served.client.ask("PATCH", path, {"title": "d"}, if_match="*").status == 200


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"title": None},
        {"title": ""},
        {"title": "  "},
        {"title": "x" * 501},
        {"title": "two\nlines"},
        {"title": "\ud800"},
        {"title": " \u200b\u200e\ufeff"},
        {"title": 1},
        {"title": "a", "mode": "sbs"},
        [],
    ],
)
def test_a_title_that_no_job_could_be_made_with_is_refused(served: Served, asked: object) -> None:
    job = served.finished(title="kept")

    answer = served.client.ask("PATCH", f"/v1/jobs/{job.job_id}", asked)

    assert answer.status == 422 and answer.problem()["errors"]
    assert served.client.ask("GET", f"/v1/jobs/{job.job_id}").json["title"] == "kept"


def test_a_client_of_the_plain_address_gets_no_body(served: Served) -> None:
    job = served.finished()
    asked = {"title": "plain", "source_file_size_bytes": 5}

    answer = served.client.ask("PATCH", f"/jobs/{job.job_id}", asked)

    assert (answer.status, answer.body) == (204, b"")
    assert served.client.ask("GET", f"/v1/jobs/{job.job_id}").json["title"] == "plain"
    stale = served.client.ask("PATCH", f"/jobs/{job.job_id}", asked, if_match='"x"')
    assert stale.problem()["status"] == 412
    unknown = served.client.ask("PATCH", f"/jobs/{uuid.uuid4()}", asked)
    assert unknown.problem()["status"] == 404


def test_the_key_of_a_renamed_job_still_finds_it(client: Client) -> None:
    key = str(uuid.uuid4())
    job = client.ask("POST", "/v1/jobs", {"title": "one"}, idempotency_key=key).json
    client.ask("PATCH", f"/v1/jobs/{job['id']}", {"title": "two"})

    again = client.ask("POST", "/v1/jobs", {"title": "one"}, idempotency_key=key)

    assert again.status == 202
    assert (again.json["id"], again.json["title"]) == (job["id"], "two")
