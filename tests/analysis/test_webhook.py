"""Webhooks: signed, fresh, stored before they are answered, and taken once."""

import json
import socket
from datetime import UTC, datetime, timedelta

import pytest
from stereo_spot.adapters.local.analysis_jobs import SqliteJobSource
from stereo_spot.adapters.webhook import WebhookJobSource
from stereo_spot.errors import ErrorKind, MachineError, RequestError

from tests.analysis.conftest import SECRET
from tests.analysis.posting import ask, post, signed

BODY = json.dumps(
    {"id": "j1", "video_id": "v1", "metadata": {"path": "uploads/v1_a.mp4"}, "created_at": "now"}
)


@pytest.fixture
def source(sqlite):
    opened = WebhookJobSource(SqliteJobSource(sqlite), secret=SECRET, port=0)
    yield opened
    opened.close()


def test_a_signed_job_is_answered_202_and_waits(source):
    status, answer = post(source.port, BODY, secret=SECRET)

    assert (status, answer) == (202, {"status": "received", "job_id": "j1"})
    claim = source.claim()
    assert (claim.job_id, claim.video_id, claim.path) == ("j1", "v1", "uploads/v1_a.mp4")


def test_what_was_answered_survives_the_process(source, sqlite):
    post(source.port, BODY, secret=SECRET)

    assert SqliteJobSource(sqlite).claim().job_id == "j1"


def test_a_replayed_delivery_is_answered_and_taken_once(source):
    headers = signed(BODY, SECRET)

    answers = [post(source.port, BODY, secret=SECRET, headers=headers)[0] for _ in range(3)]

    assert answers == [202, 202, 202]
    source.complete(source.claim())
    assert source.claim() is None


@pytest.mark.parametrize("minutes", [-6, 6, -100_000])
def test_a_delivery_outside_five_minutes_is_refused(source, minutes):
    at = datetime.now(UTC) + timedelta(minutes=minutes)

    status, _ = post(source.port, BODY, secret=SECRET, headers=signed(BODY, SECRET, at=at))

    assert status == 401
    assert source.claim() is None


def changed(name, value):
    headers = signed(BODY, SECRET)
    if value is None:
        del headers[name]
    else:
        headers[name] = value
    return headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        changed("webhook-id", None),
        changed("webhook-id", "msg_other"),
        changed("webhook-signature", "v1,AAAA"),
        changed("webhook-signature", "garbage"),
        changed("webhook-signature", "v1,!!"),
        changed("webhook-timestamp", "soon"),
        changed("webhook-timestamp", "nan"),
        signed(BODY, "whsec_b3RoZXIgc2VjcmV0IG9mIHRoZSB0ZXN0cw=="),
        signed(BODY + " ", SECRET),
    ],
)
def test_a_signature_that_does_not_hold_is_refused(source, headers):
    status, answer = ask(source.port, "POST", "/webhook/job", BODY, headers)

    assert (status, answer["status"]) == (401, 401)
    assert source.claim() is None


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", "not json", '{"id": "j", "video_id": "../../etc"}',
     '{"id": "", "video_id": "v"}',
     '{"id": "j", "video_id": "v", "metadata": {"path": 7}}',
     '{"id": "j", "video_id": "v", "metadata": {"path": "films/\\u0000.mp4"}}',
     '{"id": "j\\u0000", "video_id": "v"}'],
)  # fmt: skip
def test_a_signed_body_that_names_no_job_is_refused(source, body):
    assert post(source.port, body, secret=SECRET)[0] == 422
    assert source.claim() is None


def test_other_paths_methods_and_sizes_are_refused(source):
    assert ask(source.port, "GET", "/webhook/health")[0] == 200
    assert ask(source.port, "GET", "/")[0] == 404
    assert ask(source.port, "GET", "/webhook/job")[0] == 405
    assert ask(source.port, "POST", "/webhook/job", "x" * 70_000)[0] == 413


def test_a_plain_secret_works_too(sqlite):
    opened = WebhookJobSource(SqliteJobSource(sqlite), secret="your-secret", port=0)
    headers = signed(BODY, b"your-secret")

    assert ask(opened.port, "POST", "/webhook/job", BODY, headers)[0] == 202
    opened.close()


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!!", "whsec_a"])
def test_a_secret_that_cannot_sign_is_said_at_start(sqlite, secret):
    with pytest.raises(RequestError, match="WEBHOOK_SECRET"):
        WebhookJobSource(SqliteJobSource(sqlite), secret=secret, port=0)


def test_a_taken_port_is_said_at_start(sqlite):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(MachineError) as refused:
        WebhookJobSource(SqliteJobSource(sqlite), secret=SECRET, port=taken.getsockname()[1])

    assert refused.value.kind is ErrorKind.PORT_IN_USE
