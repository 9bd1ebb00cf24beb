"""`sam build` of everything; each function in its own container does its step for a film."""

import os
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from stereo_spot.conversion.create import create
from stereo_spot.conversion.stored import store_bytes
from stereo_spot.model import JobOptions, JobStatus, Recipe
from stereo_spot.runtime.aws import services

from tests.aws import stage
from tests.containers.conftest import ROOT, free_port, wait_for
from tests.handlers.conftest import JOB, event
from tests.media.kit import Film, make

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


def render(key):
    """One Batch job: a container of ENGINE_IMAGE, or its main program as a process."""
    command = [sys.executable, "-m", "inference_container.entrypoint"]
    if image := os.environ.get("ENGINE_IMAGE"):
        given = {**stage.environment(), "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"]}
        values = [part for name, value in given.items() for part in ("-e", f"{name}={value}")]
        command = ["docker", "run", "--rm", *values, image]
    subprocess.run([*command, "--key", key], cwd=ROOT, env=dict(os.environ), check=True)


def test_the_functions_convert_a_film(sam, local_aws, tmp_path):
    app = services()
    options = JobOptions(segment_duration_s=1.0, recipe=Recipe(tier="stub"))
    create(options, app, job_id=JOB)
    film = make(tmp_path, Film(frames=50))
    store_bytes(app.objects, f"input/{JOB}/source.mp4", film.read_bytes(), {})

    sam.invoke("ChunkerFunction", "s3-source-stored")
    assert app.jobs.get(JOB).status is JobStatus.CHUNKING_COMPLETE

    for found in list(app.objects.list(f"segments/{JOB}/")):
        render(found.key)
    for rendered in list(app.objects.list(f"jobs/{JOB}/segments/")):
        stored = event("s3-segment-rendered")
        stored["detail"]["object"]["key"] = rendered.key
        sam.invoke("TriggerFunction", stored)
    assert app.jobs.get(JOB).status is JobStatus.REASSEMBLING

    sam.invoke("ReassemblerFunction", "bus-segments-complete")
    job = app.jobs.get(JOB)
    assert job.status is JobStatus.COMPLETED
    assert app.objects.head(job.output_key).size > 1000


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("http-health", 200),
        ("http-limits", 200),
        ("http-create", 202),
        ("http-create-unasked", 401),
    ],
)
def test_the_api_answers_an_event(sam, name, status):
    assert sam.invoke("ApiFunction", name)["statusCode"] == status


@pytest.mark.parametrize("name", ["schedule-sweep", "sqs-dead-letters", "batch-job-failed"])
def test_the_trigger_looks_after_the_jobs(sam, name):
    sam.invoke("TriggerFunction", name)


@pytest.fixture(scope="module")
def ask(sam):
    """A question to the served API: status, content type, body."""
    port = free_port("127.0.0.1")
    process = sam.start_api(port)

    def get(path, authorization=f"Bearer {stage.TOKEN}"):
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
        request.add_header("Authorization", authorization)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.headers["content-type"], answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["content-type"], error.read()

    try:
        wait_for("127.0.0.1", port, process)
        yield get
    finally:
        process.terminate()
        process.wait(60)


def test_the_api_is_served(ask):
    assert ask("/healthz")[0] == 200
    assert ask("/v1/limits")[0] == 200
    assert ask("/v1/jobs", "Bearer wrong")[0] == 401


def test_the_page_is_served(ask):
    status, kind, page = ask("/")

    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert b"</html>" in page
    assert ask("/static/app.css")[0] == 200
