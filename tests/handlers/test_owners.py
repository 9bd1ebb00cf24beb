"""A job belongs to the name of the token it was made with: to others it is not there."""

import copy
import json

import pytest

from tests.aws import stage
from tests.handlers.conftest import event

OTHER = "fedcba9876543210"


@pytest.fixture
def ask(invoke, deployment):
    """Ask the API as `ann` or `bob`: status and body."""
    tokens = {"ann": stage.TOKEN, "bob": OTHER}
    secrets = stage.client("secretsmanager")
    secrets.put_secret_value(SecretId=stage.TOKENS, SecretString=json.dumps(tokens))

    def request(name, method, path, *, key=None, body=None):
        given = copy.deepcopy(event("http-create"))
        given["rawPath"] = given["requestContext"]["http"]["path"] = path
        given["requestContext"]["http"]["method"] = method
        given["headers"]["authorization"] = f"Bearer {tokens[name]}"
        if key is not None:
            given["headers"]["idempotency-key"] = key
        given["body"] = json.dumps(body) if body is not None else ""
        answer = invoke("api", given)
        told = answer["body"]
        is_json = told and "json" in answer["headers"].get("content-type", "")
        return answer["statusCode"], json.loads(told) if is_json else told

    return request


@pytest.fixture
def anns(ask):
    """A job of ann's."""
    return ask("ann", "POST", "/v1/jobs", body={"title": "holiday"})[1]["id"]


def test_a_job_is_written_down_as_its_makers(anns, deployment):
    assert deployment.jobs.get(anns).owner == "ann"


def test_everyone_lists_their_own_jobs(ask, anns):
    assert [job["id"] for job in ask("ann", "GET", "/v1/jobs")[1]["jobs"]] == [anns]
    assert ask("bob", "GET", "/v1/jobs")[1]["jobs"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/jobs/{}"),
        ("GET", "/v1/jobs/{}/segments"),
        ("GET", "/v1/jobs/{}/download"),
        ("GET", "/v1/jobs/{}/events"),
        ("POST", "/v1/jobs/{}/start"),
        ("POST", "/v1/jobs/{}/cancel"),
        ("POST", "/v1/jobs/{}/retry"),
        ("DELETE", "/v1/jobs/{}"),
        ("PATCH", "/v1/jobs/{}"),
        ("PATCH", "/jobs/{}"),
        ("GET", "/jobs/{}"),
        ("POST", "/jobs/{}/delete"),
        ("POST", "/jobs/{}/restore"),
    ],
)
def test_a_job_of_somebody_else_is_not_there(ask, anns, deployment, method, path):
    before = deployment.jobs.get(anns)

    body = {"title": "mine"} if method == "PATCH" else None
    assert ask("bob", method, path.format(anns), body=body)[0] == 404
    assert deployment.jobs.get(anns) == before


def test_a_deletion_is_undone_by_whose_it_is(ask, anns, deployment):
    ask("ann", "POST", f"/jobs/{anns}/delete")

    assert ask("bob", "POST", f"/jobs/{anns}/restore")[0] == 404
    assert deployment.jobs.get(anns).status == "deleted"
    assert ask("ann", "POST", f"/jobs/{anns}/restore")[0] == 303
    assert ask("ann", "GET", f"/v1/jobs/{anns}")[1]["title"] == "holiday"


def test_nobody_sends_a_film_to_a_job_of_somebody_else(ask, anns):
    assert ask("bob", "POST", f"/v1/jobs/{anns}/upload", body={})[0] == 404
    assert ask("ann", "POST", f"/v1/jobs/{anns}/upload", body={})[0] == 201


def test_the_pages_show_ones_own_films(ask, anns):
    assert anns in ask("ann", "GET", "/jobs")[1]
    assert anns not in ask("bob", "GET", "/jobs")[1]
    assert anns not in ask("bob", "GET", "/")[1]


def test_the_same_key_of_two_owners_makes_two_jobs(ask):
    made = [
        ask(name, "POST", "/v1/jobs", key="k1", body={"title": "x"})[1]["id"]
        for name in ("ann", "bob", "ann")
    ]

    assert made[0] == made[2] != made[1]
