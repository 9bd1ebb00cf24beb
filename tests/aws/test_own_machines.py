"""Whole films whose segments a worker of one's own sends to a render server or an endpoint."""

import os
import time

import pytest
from stereo_spot.media.engine import Engine
from stereo_spot.runtime.aws import _session, aws_settings, services
from stereo_spot.runtime.aws_worker import run_worker
from stereo_spot.settings.aws import AwsSettings

from tests.aws import stage
from tests.aws.cloud import Cloud
from tests.aws.endpoint import Endpoint
from tests.aws.test_flow import assert_whole, film, upload  # noqa: F401
from tests.template.translated import Stack, translate


class Mortal:
    """An engine whose container dies in the middle of a segment, as often as it is told to."""

    def __init__(self):
        self.engine, self.renders, self.deaths = Engine(), 0, 0

    def render(self, job, progress):
        self.renders += 1
        if self.deaths:
            self.deaths -= 1
            self.endpoint.close()
            self.endpoint.start(0.1)  # before the client hears of it, so none finds nobody
            raise SystemExit  # the connection breaks off, nothing is answered
        return self.engine.render(job, progress)

    def stop(self):
        self.engine.stop()


@pytest.fixture
def engine():
    made = Mortal()
    yield made
    made.engine.close()


@pytest.fixture
def cloud(aws, monkeypatch, tmp_path):
    """The stack that leaves segments to the machines that read its queue."""
    stack = Stack(translate(), Tier="stub", SegmentTarget="queue")
    yield Cloud(stack, monkeypatch, tmp_path / "scratch")
    _session.cache_clear()
    aws_settings.cache_clear()
    services.cache_clear()


@pytest.fixture
def endpoint(cloud, engine, tmp_path):
    """The container, by itself and behind a real-time endpoint."""
    made = Endpoint(engine, tmp_path / "container", outputs="", failures="", tell=None)
    made.on(_session().get_component("event_emitter"))
    engine.endpoint = made
    yield made
    made.close()


@pytest.fixture(params=["http", "sagemaker"])
def backend(request, endpoint):
    return {
        "INFERENCE_BACKEND": request.param,
        "INFERENCE_HTTP_URL": "http://{}:{}".format(*endpoint.address),
        "SAGEMAKER_ENDPOINT_NAME": "e",
        "SAGEMAKER_CALLS": "realtime",
        "SQS_LONG_POLL_WAIT_SECONDS": "0",
    }


def run(cloud, backend):
    """Events, and a worker, until nothing is left for either."""
    cloud.run()
    url = cloud.stack.physical("VideoWorkerQueue")
    sqs = stage.client("sqs")

    def empty():
        known = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return known["ApproximateNumberOfMessages"] == "0"

    settings = AwsSettings.model_validate(os.environ | backend | {"VIDEO_WORKER_QUEUE_URL": url})
    cloud._role = None  # its rights are those of whoever runs it
    run_worker("render", settings, empty)
    cloud.run()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_film_outlives_its_server(cloud, backend, endpoint, engine, film, tmp_path, monkeypatch):  # noqa: F811
    """It still loads at first, which costs no try, and dies once, which costs one."""
    app = cloud.services()
    job_id = upload(app, film)
    endpoint.close()
    endpoint.start(loads_s=0.5)
    endpoint.refusals.append((429, "ModelNotReadyException"))
    engine.deaths = 1
    run(cloud, backend)
    assert [row.done for row in app.ledger.rows(job_id)].count(True) == 2

    later = time.time() + 3600
    monkeypatch.setattr("time.time", lambda: later)
    services.cache_clear()
    cloud.tick()
    run(cloud, backend)

    assert cloud.missing_rights() == []
    assert_whole(app, job_id, film, tmp_path)
    rows = app.ledger.rows(job_id)
    assert sorted(row.tries for row in rows) == [0, 0, 1]
    assert any("broke off" in (row.error_text or "") for row in rows)
    assert sorted(row.report["frames"] for row in rows) == [10, 25, 25]
    assert engine.renders == 4
