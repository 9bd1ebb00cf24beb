"""The chunker, the trigger and the reassembler do their step for their event, and only that."""

import json

import pytest
from stereo_spot.conversion.create import create
from stereo_spot.conversion.segments import SegmentMark
from stereo_spot.conversion.stored import store_bytes
from stereo_spot.model import JobOptions, JobStatus, Recipe
from stereo_spot.runtime.aws import aws_settings, services
from stereo_spot.transitions import job as moves

from tests.aws import stage
from tests.handlers.conftest import JOB, event
from tests.media.kit import Film, make


@pytest.fixture
def app(deployment):
    return deployment


@pytest.fixture
def job(app):
    return create(JobOptions(segment_duration_s=1.0), app, job_id=JOB)


@pytest.fixture
def film(app, job, tmp_path):
    path = make(tmp_path, Film(frames=50))
    store_bytes(app.objects, f"input/{JOB}/source.mp4", path.read_bytes(), {})


@pytest.fixture
def planned(app, job):
    """A job of two segments, planned."""
    app.jobs.apply(JOB, *moves.claim_chunk(app.clock(), "a", 60.0, etag="e", size=1))
    commit = moves.commit_plan(app.clock(), digest="p", total=2, facts=FACTS)
    return app.jobs.apply(JOB, commit)


FACTS = {
    "frames": 2,
    "duration_s": 1.0,
    "width": 64,
    "height": 64,
    "frame_rate": "2/1",
    "time_base": "1/2",
    "start_pts": 0,
    "video_codec": "h264",
    "pixel_format": "yuv420p",
    "container": "mov",
}


def rendered(app, index):
    mark = SegmentMark(
        n_frames=1,
        preroll_frames=0,
        base_index=index,
        from_time="0/1",
        source_etag="e",
        plan_digest="p",
        recipe=Recipe(),
    )
    store_bytes(app.objects, f"jobs/{JOB}/segments/{index}.mp4", b"x", mark.as_metadata(index))


def logged(capsys):
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line[:1] == "{"]
    return [line for line in lines if "_aws" not in line], [
        line for line in lines if "_aws" in line
    ]


class TestChunker:
    def test_a_stored_film_is_cut(self, invoke, app, film):
        invoke("chunker", "s3-source-stored")

        job = app.jobs.get(JOB)
        assert (job.status, job.total_segments) == (JobStatus.CHUNKING_COMPLETE, 2)
        assert len(list(app.objects.list(f"segments/{JOB}/"))) == 2

    def test_the_same_event_again_changes_nothing(self, invoke, app, film):
        invoke("chunker", "s3-source-stored")
        before = app.jobs.get(JOB)

        invoke("chunker", "s3-source-stored")
        invoke("chunker", "bus-chunk-requested")

        assert app.jobs.get(JOB) == before

    def test_a_film_that_is_none_ends_the_job_by_kind_and_is_not_tried_again(
        self, invoke, app, job
    ):
        store_bytes(app.objects, f"input/{JOB}/source.mp4", b"GIF89a and more", {})

        invoke("chunker", "s3-source-stored")

        ended = app.jobs.get(JOB)
        assert (ended.status, ended.error_kind) == (JobStatus.FAILED, "source_forbidden_format")

    @pytest.mark.parametrize(
        "name", ["s3-folder-marker", "s3-odd-key", "s3-foreign-bucket", "s3-source-stored"]
    )
    def test_what_is_not_of_a_known_job_is_passed_over(self, invoke, app, name):
        invoke("chunker", name)

        assert app.jobs.get(JOB) is None

    def test_a_deleted_job_stays_deleted(self, invoke, app, film):
        app.jobs.apply(JOB, moves.delete(app.clock()))

        invoke("chunker", "s3-source-stored")

        assert app.jobs.get(JOB).status is JobStatus.DELETED

    def test_log_lines_carry_the_job_and_a_metric_is_written(self, invoke, film, capsys):
        invoke("chunker", "s3-source-stored")

        lines, metrics = logged(capsys)
        assert lines[-1]["job_id"] == JOB
        assert metrics[0]["FilmsCut"] == [1.0]

    def test_an_event_that_cannot_be_read_is_logged_once_and_dropped(self, invoke, capsys):
        broken = event("bus-chunk-requested")
        broken["detail"]["job_id"] = "../x"

        invoke("chunker", broken)

        warnings = [line for line in logged(capsys)[0] if line["level"] == "WARNING"]
        assert [line["kind"] for line in warnings] == ["bad_event"]


class TestTrigger:
    def test_a_rendered_segment_is_noted_and_the_last_one_flips_the_job(self, invoke, app, planned):
        rendered(app, 0)
        invoke("trigger", "s3-segment-rendered")
        assert [row.done for row in app.ledger.rows(JOB)] == [True]
        rendered(app, 1)
        last = event("s3-segment-rendered")
        last["detail"]["object"]["key"] = f"jobs/{JOB}/segments/1.mp4"

        invoke("trigger", last)

        assert app.jobs.get(JOB).status is JobStatus.REASSEMBLING

    def test_the_schedule_repairs_what_lost_events_left_behind(self, invoke, app, planned):
        rendered(app, 0)
        rendered(app, 1)

        invoke("trigger", "schedule-sweep")

        assert app.jobs.get(JOB).status is JobStatus.REASSEMBLING

    def test_a_failed_batch_job_wakes_a_look_at_its_film(self, invoke, app, planned):
        rendered(app, 0)

        invoke("trigger", "batch-job-failed")

        assert [row.segment_index for row in app.ledger.rows(JOB)] == [0]

    def test_dead_letters_wake_a_look_and_one_that_breaks_does_not_block_the_others(
        self, invoke, app, planned
    ):
        rendered(app, 0)

        answer = invoke("trigger", "sqs-dead-letters")

        assert answer == {"batchItemFailures": []}
        assert [row.segment_index for row in app.ledger.rows(JOB)] == [0]

    def test_a_letter_that_cannot_be_looked_at_now_comes_again_alone(
        self, invoke, app, planned, monkeypatch
    ):
        monkeypatch.setenv("JOBS_TABLE_NAME", "no-such-table")
        aws_settings.cache_clear()
        services.cache_clear()

        answer = invoke("trigger", "sqs-dead-letters")

        failed = [item["itemIdentifier"] for item in answer["batchItemFailures"]]
        assert (
            failed == [record["messageId"] for record in event("sqs-dead-letters")["Records"]][:2]
        )

    def test_a_segment_is_handed_on_where_the_deployment_renders_elsewhere(
        self, invoke, app, monkeypatch
    ):
        url = stage.client("sqs").create_queue(QueueName="video-worker")["QueueUrl"]
        monkeypatch.setenv("SEGMENT_TARGET", "queue")
        monkeypatch.setenv("VIDEO_WORKER_QUEUE_URL", url)
        aws_settings.cache_clear()
        services.cache_clear()

        invoke("trigger", "s3-segment-stored")

        (message,) = stage.client("sqs").receive_message(QueueUrl=url)["Messages"]
        assert "00000_00002_sbs.mp4" in message["Body"]

    @pytest.mark.parametrize("name", ["s3-foreign-bucket", "bus-job-completed", "bus-job-failed"])
    def test_what_asks_for_nothing_is_passed_over(self, invoke, name):
        assert invoke("trigger", name) is None


class TestReassembler:
    def test_a_job_that_is_not_ready_is_left_alone(self, invoke, app, planned):
        invoke("reassembler", "bus-segments-complete")

        assert app.jobs.get(JOB).status is JobStatus.CHUNKING_IN_PROGRESS

    def test_an_unknown_job_is_left_alone(self, invoke, app):
        invoke("reassembler", "bus-segments-complete")

        assert app.jobs.get(JOB) is None

    def test_a_failure_is_reported_on_the_row_and_goes_on_to_lambda(self, invoke, app, planned):
        app.jobs.apply(JOB, moves.flip(app.clock()))

        with pytest.raises(Exception, match="plan"):
            invoke("reassembler", "bus-segments-complete")

        job = app.jobs.get(JOB)
        assert (job.status, job.tries, job.lease_owner) == (JobStatus.REASSEMBLING, 1, None)
