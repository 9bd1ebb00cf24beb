"""A real film through the template's own rules: uploaded, cut, rendered, joined, announced."""

from fractions import Fraction

import pytest
import requests
from stereo_spot.conversion.control import delete, retry
from stereo_spot.conversion.create import create
from stereo_spot.keys import FinalKey, SourceKey
from stereo_spot.media.engine import Engine
from stereo_spot.model import JobOptions, JobStatus, Recipe, Tier
from stereo_spot.runtime.aws import _session

from tests.aws import cloud as local_aws
from tests.aws import stage
from tests.aws.cloud import cloud  # noqa: F401
from tests.aws.faults import Behind
from tests.media.kit import Film, Sound, make, seen

QUICK = JobOptions(recipe=Recipe(tier=Tier.STUB, crf=0, preset="ultrafast"), segment_duration_s=1.0)
SIZE = (96, 64)
PART = 5 << 20


@pytest.fixture
def film(tmp_path):
    """Three segments with sound, made two parts long by padding that players pass over."""
    path = make(tmp_path, Film(frames=60, size=SIZE, gop=10, sounds=(Sound(),)))
    with path.open("ab") as file:
        file.write((PART + 8).to_bytes(4) + b"free" + bytes(PART))
    return path


def upload(app, film):
    """Create a job and send its film in parts by signed links, as the page does."""
    job = create(QUICK, app, title="holiday")
    key, body = str(SourceKey(job.job_id)), film.read_bytes()
    upload_id = app.uploads.begin(key)
    for number in (1, 2):
        part = body[(number - 1) * PART : number * PART]
        grant = app.uploads.part(key, upload_id, number)
        requests.put(grant.url, data=part, headers=grant.headers, timeout=30).raise_for_status()
    app.uploads.finish(key, upload_id, app.uploads.parts(key, upload_id))
    return job.job_id


def fetched(app, job, tmp_path):
    """The finished film, by its signed link."""
    url = app.downloads.url(job.output_key, filename="x.mp4", inline=False)
    path = tmp_path / "final.mp4"
    path.write_bytes(requests.get(url, timeout=30).content)
    return path


def assert_whole(app, job_id, film, tmp_path):
    job = app.jobs.get(job_id)
    assert job.status is JobStatus.COMPLETED, (job.error_kind, job.error_text)
    source = seen(film)
    final = seen(fetched(app, job, tmp_path), crop=SIZE)
    assert final.crcs == source.crcs
    assert [b - a for a, b in zip(final.times, source.times, strict=True)] == [Fraction(0)] * 60
    return job


def test_an_uploaded_film_comes_out_whole(cloud, film, tmp_path):  # noqa: F811
    app = cloud.services()
    job_id = upload(app, film)

    cloud.run()

    job = assert_whole(app, job_id, film, tmp_path)
    assert job.announce == "sent"
    table = cloud.stack.physical("ReassemblyTriggeredTable")
    marks = stage.client("dynamodb").scan(TableName=table)["Items"]
    assert [mark["job_id"]["S"] for mark in marks] == [job_id]
    assert set(cloud.ran.functions) == {
        "ChunkerFunction",
        "TriggerFunction",
        "ReassemblerFunction",
    }
    assert {code for _key, code in cloud.ran.batch_jobs} == {0}


def test_every_call_is_one_that_the_template_allows(cloud, film, tmp_path):  # noqa: F811
    cloud.twice = True
    app = cloud.services()
    job_id = upload(app, film)
    cloud.run()
    cloud.tick()
    app = cloud.services()
    (job,) = app.jobs.page(tuple(JobStatus)).jobs
    assert (job.status, job.announce) == (JobStatus.COMPLETED, "done")
    delete(job_id, app)
    cloud.tick()

    assert cloud.missing_rights() == []
    assert {role for role, _action, _resource in cloud.ran.needed} == {
        "ApiFunctionRole",
        "ChunkerFunctionRole",
        "TriggerFunctionRole",
        "ReassemblerFunctionRole",
        "RenderRole",
    }


def test_every_event_twice_makes_one_film(cloud, film, tmp_path):  # noqa: F811
    app = cloud.services()
    cloud.twice = True
    job_id = upload(app, film)

    cloud.run()

    job = assert_whole(app, job_id, film, tmp_path)
    assert app.objects.head(str(FinalKey(job_id))).etag == job.output_etag
    assert [row.tries + row.reclaims for row in app.ledger.rows(job_id)] == [0, 0, 0]


def test_a_lost_segment_event_is_made_good_by_the_batch_job_of_another(
    cloud,  # noqa: F811
    film,
    tmp_path,
):
    app = cloud.services()
    cloud.lose = lambda body: (
        body["source"] == "aws.s3" and "/00001_" in body["detail"]["object"]["key"]
    )
    job_id = upload(app, film)

    cloud.run()

    assert cloud.ran.dropped
    assert_whole(app, job_id, film, tmp_path)


def test_lost_completions_are_made_good_by_the_schedule(cloud, film, tmp_path):  # noqa: F811
    app = cloud.services()
    cloud.lose = lambda body: (
        body["source"] == "stereo-spot" or "jobs/" in str(body.get("detail", {}).get("object"))
    )
    job_id = upload(app, film)
    cloud.run()
    assert app.jobs.get(job_id).status is JobStatus.REASSEMBLING

    cloud.lose = lambda _body: False
    cloud.tick()

    assert_whole(app, job_id, film, tmp_path)


def test_an_index_that_is_behind_delays_repairs_and_breaks_nothing(cloud, film, tmp_path):  # noqa: F811
    behind = Behind()
    behind.on(_session().get_component("event_emitter"))
    app = cloud.services()
    cloud.lose = lambda body: body["source"] == "stereo-spot"
    job_id = upload(app, film)
    cloud.run()
    cloud.lose = lambda _body: False

    cloud.tick()
    assert app.jobs.get(job_id).status is JobStatus.REASSEMBLING
    for _ in range(3):
        cloud.tick()

    assert behind.late > 1
    assert_whole(app, job_id, film, tmp_path)


def test_a_segment_that_always_fails_ends_the_job_with_its_reason_and_a_retry_saves_it(
    cloud,  # noqa: F811
    film,
    tmp_path,
    monkeypatch,
):
    app = cloud.services()
    with monkeypatch.context() as broken:
        program = local_aws.entrypoint()
        broken.setattr(program, "Engine", lambda: Engine(("false",)))
        broken.setattr(local_aws, "entrypoint", lambda: program)
        job_id = upload(app, film)
        cloud.run()
    failed = app.jobs.get(job_id)
    assert (failed.status, failed.error_kind) == (JobStatus.FAILED, "segment_failed")
    assert "the engine does not start" in failed.error_text or "died" in failed.error_text
    assert failed.error_segment is not None and failed.announce == "sent"

    retry(job_id, app)
    cloud.run()
    for key in list(app.objects.list(f"segments/{job_id}/")):
        body = {"source": "aws.s3", "detail-type": "Object Created"}
        bucket = cloud.stack.physical("InputBucket")
        detail = {"bucket": {"name": bucket}, "object": {"key": key.key}}
        cloud._deliver(body | {"detail": detail})
    cloud.run()

    assert_whole(app, job_id, film, tmp_path)
