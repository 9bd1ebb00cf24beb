"""The trigger tells the operator's receiver, with the secret that the stack names."""

import pytest
from stereo_spot.conversion import control
from stereo_spot.conversion.create import create
from stereo_spot.model import JobOptions

from tests.aws import stage
from tests.aws.cloud import running
from tests.unit.receiver import NEXT_SECRET, SECRET, listening, sent_bytes


@pytest.fixture
def http():
    with listening() as receiver:
        yield receiver


@pytest.fixture
def secret(aws):
    made = stage.client("secretsmanager").create_secret(Name="hook", SecretString=SECRET)
    return made["ARN"]


@pytest.fixture
def cloud(http, secret, monkeypatch, tmp_path):
    named = {"CompletionWebhookUrl": http.url, "CompletionWebhookSecretArn": secret}
    with running(monkeypatch, tmp_path, **named) as made:
        yield made


def stopped(cloud):
    """A job that its owner stopped, through the API's own role."""
    app = cloud.services()
    job_id = create(JobOptions(), app).job_id
    control.cancel(job_id, app)
    return job_id


def announced(cloud, job_id):
    return cloud.services().jobs.get(job_id).announce


def test_an_end_is_told_by_the_next_sweep_with_links_of_the_deployment(cloud, http, caplog):
    caplog.set_level("INFO")
    job_id = stopped(cloud)

    cloud.tick()
    cloud.tick()

    ((message_id, message),) = http.messages()
    assert message_id == f"{job_id}:1:failed"
    address = cloud.stack.outputs()["ApiUrl"].rstrip("/")
    assert message["data"]["links"]["self"] == f"{address}/v1/jobs/{job_id}"
    assert announced(cloud, job_id) == "done"
    assert cloud.missing_rights() == []
    key = SECRET.removeprefix("whsec_")
    assert key not in caplog.text and key not in sent_bytes(http)
    assert SECRET not in str(cloud.stack.resources)


def test_a_secret_that_was_changed_signs_from_the_next_message_on(cloud, http, secret):
    stopped(cloud)
    cloud.tick()
    stage.client("secretsmanager").put_secret_value(
        SecretId=secret, SecretString=f"{NEXT_SECRET} {SECRET}"
    )
    stopped(cloud)

    cloud.tick()

    assert len(http.messages(SECRET)) == 2
    http.posts.pop(0)
    assert len(http.messages(NEXT_SECRET)) == 1


def test_a_secret_that_is_none_or_missing_stops_nothing_else(cloud, http, secret, caplog):
    client = stage.client("secretsmanager")
    client.put_secret_value(SecretId=secret, SecretString="hunter2")
    first = stopped(cloud)
    cloud.tick()
    client.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    second = stopped(cloud)
    cloud.tick()

    assert [announced(cloud, job_id) for job_id in (first, second)] == ["sent", "sent"]
    assert http.posts == [] and set(cloud.ran.functions) == {"TriggerFunction"}
    said = [r.getMessage() for r in caplog.records if r.levelname in ("WARNING", "ERROR")]
    assert said == ["receiver did not take the message", "sweep failed"]
    assert "hunter2" not in caplog.text
