"""`/v1/jobs` as a program meets it."""

import uuid

import pytest

from tests.web.conftest import FILM, Client, Served


def test_a_created_job_says_where_it_is_and_where_the_film_goes(client: Client) -> None:
    answer = client.create(title="Holiday", mode="half_sbs", crf=20, segment_duration_s=2)

    job = answer.json
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert answer.headers["cache-control"] == "no-store"
    assert job["status"] == "created" and job["title"] == "Holiday"
    assert job["options"]["recipe"]["crf"] == 20
    assert job["options"]["segment_duration_s"] == 2
    assert job["upload"]["method"] == "PUT"
    assert job["upload"]["url"].startswith(f"{client.origin}/storage/input/{job['id']}/")
    assert client.ask("GET", job["links"]["self"]).json["id"] == job["id"]


def test_a_film_sent_to_the_link_is_the_source_of_the_job(served: Served) -> None:
    job = served.client.create().json
    sent = served.client.ask("PUT", job["upload"]["url"], FILM)

    assert sent.status == 200 and sent.headers["etag"]
    found = served.machine.services.objects.open(f"input/{job['id']}/source.mp4")
    assert found.read_at(0, len(FILM) + 1) == FILM
    found.close()
    seen = served.client.ask("GET", f"/v1/jobs/{job['id']}").json
    assert seen["uploaded"] and seen["state"] == "queued"


@pytest.mark.parametrize(
    "asked",
    [
        {"colour": "blue"},
        {"mode": "imax"},
        {"max_disparity": "x"},
        {"title": ""},
        {"title": "two\nlines"},
        {"title": "\ud800"},
        {"title": " "},
        {"crf": 99},
        {"end_s": 0},
        {"preset": "; rm"},
        {"pix_fmt": "yuv420p10le"},
        {"anaglyph": "sepia"},
        {"depth_from": "/etc"},
        {"export_depth": "/tmp"},
        {"segment_duration_s": 0.1},
        {"crf": "20"},
        {"crf": True},
        {"autostart": "yes"},
        [],
    ],
)
def test_what_does_not_fit_the_schema_is_named(client: Client, asked: object) -> None:
    answer = client.ask("POST", "/v1/jobs", asked)

    assert answer.status == 422
    problem = answer.problem()
    assert problem["kind"] == "bad_request" and problem["errors"]


@pytest.mark.parametrize("body", ["", "{", '{"end_s": Infinity}', '{"start_s": NaN}', "[" * 9000])
def test_a_body_that_is_no_json_object_is_refused(client: Client, body: str) -> None:
    answer = client.ask("POST", "/v1/jobs", body, content_type="application/json")

    assert answer.status in (400, 422)
    answer.problem()


def test_a_strength_that_hurts_needs_force(client: Client) -> None:
    refused = client.ask("POST", "/v1/jobs", {"max_disparity": 6})

    assert refused.status == 400 and "force" in refused.problem()["detail"]
    assert client.create(max_disparity=6, force=True).json["warnings"]
    assert not client.create(max_disparity=2.5).json["warnings"]


def test_a_cut_that_ends_before_it_starts_is_refused(client: Client) -> None:
    assert client.ask("POST", "/v1/jobs", {"start_s": 5, "end_s": 4}).problem()["status"] == 400


def test_the_same_key_and_body_replay_the_same_job(client: Client) -> None:
    key = str(uuid.uuid4())
    first = client.ask("POST", "/v1/jobs", {"title": "one"}, idempotency_key=key)
    again = client.ask("POST", "/v1/jobs", {"title": "one"}, idempotency_key=key)

    assert first.json["id"] == again.json["id"]
    assert again.status == 202 and again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


@pytest.mark.parametrize("other", [{"title": "b"}, {"title": "a", "crf": 30}, {"autostart": False}])
def test_the_same_key_with_another_body_is_refused(
    client: Client, other: dict[str, object]
) -> None:
    key = str(uuid.uuid4())
    client.ask("POST", "/v1/jobs", {"title": "a"}, idempotency_key=key)
    refused = client.ask("POST", "/v1/jobs", {"title": "a", **other}, idempotency_key=key)

    assert refused.status == 422 and refused.problem()["kind"] == "idempotency_mismatch"


def test_the_key_of_a_deleted_job_is_spent(client: Client) -> None:
    key = str(uuid.uuid4())
    job = client.ask("POST", "/v1/jobs", {}, idempotency_key=key).json
    assert client.ask("DELETE", f"/v1/jobs/{job['id']}").status == 204

    assert client.ask("POST", "/v1/jobs", {}, idempotency_key=key).problem()["kind"] == "conflict"


def test_an_unchanged_job_is_not_sent_again(served: Served) -> None:
    job = served.finished()
    first = served.client.ask("GET", f"/v1/jobs/{job.job_id}")
    same = served.client.ask(
        "GET", f"/v1/jobs/{job.job_id}", if_none_match=f'"x", {first.headers["etag"]}'
    )

    assert (same.status, same.body) == (304, b"")
    assert first.json["progress"]["percent"] == 100
    assert first.json["result"]["filename"] == "A film_LRF_Full_SBS.mp4"


def test_a_job_that_waits_begins_when_told(client: Client) -> None:
    job = client.create(autostart=False).json
    assert "start" in job["links"]

    started = client.ask("POST", f"/v1/jobs/{job['id']}/start")

    assert started.status == 202 and "start" not in started.json["links"]


def test_a_stopped_job_can_be_retried_and_a_waiting_one_cannot(client: Client) -> None:
    job = client.create().json
    base = f"/v1/jobs/{job['id']}"
    assert client.ask("POST", f"{base}/retry").problem()["kind"] == "conflict"

    stopped = client.ask("POST", f"{base}/cancel").json

    assert stopped["state"] == "cancelled" and stopped["error"]["kind"] == "cancelled"
    assert client.ask("POST", f"{base}/cancel").problem()["status"] == 409
    assert client.ask("POST", f"{base}/retry").json["status"] == "created"


def test_a_failed_job_tells_kind_text_and_segment(served: Served) -> None:
    job = served.failed()

    seen = served.client.ask("GET", f"/v1/jobs/{job.job_id}").json

    assert seen["error"] == {"kind": "segment_failed", "text": "it broke", "segment": 3}
    assert "retry" in seen["links"]


@pytest.mark.parametrize("kind", ["source_empty", "bad_request"])
def test_another_try_is_not_offered_where_it_cannot_help(served: Served, kind: str) -> None:
    job = served.failed(kind)

    assert "retry" not in served.client.ask("GET", f"/v1/jobs/{job.job_id}").json["links"]
    refused = served.client.ask("POST", f"/v1/jobs/{job.job_id}/retry")
    assert refused.problem()["kind"] == "conflict"


def test_a_deleted_job_is_gone_with_its_film(served: Served) -> None:
    job = served.finished()
    link = served.client.ask("GET", f"/v1/jobs/{job.job_id}/play").headers["location"]

    assert served.client.ask("DELETE", f"/v1/jobs/{job.job_id}").status == 204

    assert served.client.ask("GET", f"/v1/jobs/{job.job_id}").problem()["status"] == 404
    assert served.client.ask("DELETE", f"/v1/jobs/{job.job_id}").problem()["status"] == 404
    assert served.client.ask("GET", link).problem()["status"] == 404


@pytest.mark.parametrize(
    "hostile",
    ["x", "..", "%2e%2e", "A" * 36, "%00", "%F0%9F%8E%AC", "0" * 5000, "input%2Fx", "' OR 1=1"],
)
def test_an_id_that_is_none_names_nothing(client: Client, hostile: str) -> None:
    for target in (f"/v1/jobs/{hostile.replace(' ', '%20')}/play",):
        answer = client.ask("GET", target)
        assert answer.status in (404, 405, 422), answer.text
        answer.problem()


def test_every_wrong_turn_is_a_problem(client: Client) -> None:
    for method, target, status in (
        ("GET", "/v1/nothing", 404),
        ("PUT", "/v1/jobs", 405),
        ("PATCH", "/healthz", 405),
        ("GET", "/v1/jobs?limit=0", 422),
        ("GET", "/v1/jobs?status=asleep", 422),
        ("GET", "/static/nothing.css", 404),
        ("POST", f"/v1/jobs/{uuid.uuid4()}/start", 404),
    ):
        answer = client.ask(method, target)
        assert (answer.status, target) == (status, target)
        assert answer.problem()["instance"] == target.partition("?")[0]


def test_a_wrong_method_is_told_all_the_right_ones(client: Client) -> None:
    assert client.ask("PUT", "/v1/jobs").headers["allow"] == "GET, POST"
    assert client.ask("POST", "/v1/jobs/x").headers["allow"] == "GET, PATCH, DELETE"


def test_play_and_download_are_refused_until_there_is_a_film(client: Client) -> None:
    job = client.create().json
    for target in ("/v1/jobs/{}/play", "/v1/jobs/{}/download", "/jobs/{}/play"):
        assert client.ask("GET", target.format(job["id"])).problem()["status"] == 409


def test_the_limits_say_what_is_accepted(client: Client) -> None:
    limits = client.ask("GET", "/v1/limits").json

    assert limits["source"]["max_bytes"] > 0 and "sbs" in limits["modes"]
    assert client.ask("GET", "/healthz").json == {"status": "ok"}
    assert client.ask("GET", "/readyz").json == {"status": "ok"}


def test_the_contract_describes_every_route_of_the_api(client: Client) -> None:
    contract = client.ask("GET", "/openapi.json").json

    assert contract["openapi"].startswith("3.1")
    operations = [way for path in contract["paths"].values() for way in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids)) >= 18
    assert all(operation["summary"] for operation in operations)
    for operation in operations:
        assert "422" not in operation["responses"]
        assert "application/problem+json" in operation["responses"]["default"]["content"]
