"""The API function answers HttpApi events with the application, to those who have a token."""

import json

import pytest

from tests.aws import stage
from tests.handlers.conftest import event


def with_token(name, authorization):
    given = event(name)
    given["headers"]["authorization"] = authorization
    return given


def test_a_sign_of_life_needs_no_token(invoke):
    assert invoke("api", "http-health")["statusCode"] == 200


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer wrong", f"Basic {stage.TOKEN}", "Bearer 0123456789abcdeé"],
)
def test_nothing_else_is_answered_without_a_token(invoke, authorization):
    for name in ("http-limits", "http-create-unasked"):
        answer = invoke("api", with_token(name, authorization))

        assert answer["statusCode"] == 401
        assert json.loads(answer["body"])["kind"] == "unauthorized"
        assert answer["headers"]["www-authenticate"] == "Bearer"


def test_a_token_is_taken_as_bearer(invoke):
    answer = invoke("api", with_token("http-limits", f"Bearer {stage.TOKEN}"))

    assert answer["statusCode"] == 200


def test_a_browser_signs_in_and_its_cookie_comes_through_the_gateway(invoke):
    asked = event("http-create")
    asked["rawPath"] = asked["requestContext"]["http"]["path"] = "/login"
    form = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
    asked["headers"] = {"host": asked["headers"]["host"], "sec-fetch-site": "same-origin", **form}
    asked["body"] = f"token={stage.TOKEN}&next=%2Fjobs"

    answer = invoke("api", asked)

    assert (answer["statusCode"], answer["headers"]["location"]) == (303, "/jobs")
    (cookie,) = answer["cookies"]
    page = event("http-limits")
    page["rawPath"] = page["requestContext"]["http"]["path"] = "/jobs"
    page["headers"] = {"host": asked["headers"]["host"], "accept": "text/html"}
    page["cookies"] = [cookie.partition(";")[0]]
    shown = invoke("api", page)
    assert shown["statusCode"] == 200 and "Signed in as ann" in shown["body"]


def test_a_created_job_stands_in_the_table_with_a_link_to_the_bucket(invoke, deployment):
    answer = invoke("api", "http-create")

    body = json.loads(answer["body"])
    assert answer["statusCode"] == 202
    job = deployment.jobs.page(["created"]).jobs[0]
    assert answer["headers"]["location"].endswith(f"/v1/jobs/{job.job_id}")
    assert stage.BUCKETS.input in body["upload"]["url"]


def test_no_function_is_held_by_a_stream_of_progress(invoke):
    made = json.loads(invoke("api", "http-create")["body"])
    asked = event("http-limits")
    asked["rawPath"] = f"/v1/jobs/{made['id']}/events"
    asked["requestContext"]["http"]["path"] = asked["rawPath"]

    assert invoke("api", asked)["statusCode"] == 404


def test_the_page_may_send_films_to_the_buckets(invoke):
    answer = invoke("api", "http-limits")

    policy = answer["headers"]["content-security-policy"]
    for bucket in (stage.BUCKETS.input, stage.BUCKETS.output):
        assert f"https://{bucket}.s3.amazonaws.com" in policy


def test_a_secret_without_tokens_lets_nobody_in(invoke, deployment):
    stage.client("secretsmanager").put_secret_value(SecretId=stage.TOKENS, SecretString="[]")

    with pytest.raises(Exception, match="JSON object"):
        invoke("api", "http-limits")
