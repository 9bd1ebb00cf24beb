"""The steps make their calls in the order that the model explores.

The model mirrors the steps by hand. Here the real steps run on the memory adapters with a
recorder between, so that a call that is moved, added or dropped fails until the model follows.
"""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from stereo_spot.conversion import chunk as chunking
from stereo_spot.conversion import control, making
from stereo_spot.conversion import reassemble as joining
from stereo_spot.conversion import render as rendering
from stereo_spot.conversion.collect import collect
from stereo_spot.conversion.complete import complete
from stereo_spot.conversion.making import EngineRenderer
from stereo_spot.conversion.sweep import sweep, sweep_job
from stereo_spot.conversion.tell import Receiver
from stereo_spot.errors import ErrorKind, MachineError, RequestError, SourceError, StepError
from stereo_spot.keys import RenderedKey, SegmentKey
from stereo_spot.model import JobStatus, StereoMode
from stereo_spot.transitions import job as moves

from tests.faults.recorder import REPORT, FakeEngine, inspected


def segment_key(job_id, index):
    return SegmentKey(job_id, index, 2, StereoMode.SBS)


def rendered(job_id, app, *indices, engine=None):
    for index in indices:
        rendering.render(
            segment_key(job_id, index), app, EngineRenderer(engine or FakeEngine(), app)
        )


def test_chunk_commits_the_plan_before_the_first_segment_and_ends_with_its_mark(app, calls, job_id):
    chunking.chunk(job_id, app)

    digest = app.jobs.get(job_id).plan_digest
    assert calls[:-1] == [
        "jobs.get", "objects.head source.mp4", "jobs: claim chunk", "objects.open",
        f"objects.create plan-{digest}.json", "jobs: commit plan", "objects.open", "objects.list",
        "objects.create 00000_00002_sbs.mp4", "objects.create 00001_00002_sbs.mp4",
        f"objects.create manifest-{digest}.json", "jobs: complete chunking",
    ]  # fmt: skip


def test_render_stores_the_result_before_it_says_done(app, calls, job_id):
    chunking.chunk(job_id, app)
    calls.clear()

    rendered(job_id, app, 0)

    assert calls == [
        "jobs.get", "objects.head 0.mp4", "objects.head 00000_00002_sbs.mp4",
        "ledger: claim segment", "objects.open", "ledger: note segment report",
        "objects.create 0.mp4", "jobs.get", "objects.head 0.mp4", "ledger: segment done",
        "jobs: note done",
    ]  # fmt: skip


def test_the_last_completion_counts_the_rows_flips_and_tells(app, calls, job_id):
    chunking.chunk(job_id, app)
    rendered(job_id, app, 0, 1)

    assert calls[-5:] == [
        "ledger: segment done", "jobs: note done", "ledger.rows", "jobs: flip",
        "bus: SegmentsComplete",
    ]  # fmt: skip


def test_reassemble_stores_the_film_before_it_publishes_and_tells_last(app, calls, job_id):
    chunking.chunk(job_id, app)
    rendered(job_id, app, 0, 1)
    calls.clear()

    joining.reassemble(job_id, app)

    assert [call for call in calls if call != "objects.open"] == [
        "jobs: claim reassembly", "ledger.rows", "objects.head final.mp4",
        f"objects.head manifest-{app.jobs.get(job_id).plan_digest}.json",
        "objects.create final.mp4", "jobs: publish", "bus: JobCompleted", "jobs: announced",
    ]  # fmt: skip


def test_a_reported_failure_frees_the_row_before_the_limit_is_looked_at(app, calls, job_id):
    chunking.chunk(job_id, app)
    calls.clear()

    with pytest.raises(StepError):
        rendered(job_id, app, 0, engine=FakeEngine(failures=1))

    assert calls[-3:] == ["ledger: report segment failure", "jobs.get", "ledger.get"]


def test_the_third_failure_of_a_segment_ends_the_job_with_its_own_kind(app, calls, job_id):
    chunking.chunk(job_id, app)
    engine = FakeEngine(failures=3)

    for _try in range(3):
        with pytest.raises(StepError):
            rendered(job_id, app, 1, engine=engine)

    job = app.jobs.get(job_id)
    assert (job.status, job.error_kind, job.error_segment) == ("failed", "out_of_memory", 1)
    assert calls[-4:-1] == ["jobs: fail", "bus: JobFailed", "jobs: announced"]


@pytest.mark.parametrize(
    ("error", "kind", "tries"),
    [
        (MachineError(ErrorKind.DISK_FULL, "full"), "disk_full", 3),
        (RequestError(ErrorKind.NOT_FOUND, "gone"), "chunk_failed", 3),
        (OSError("broken pipe"), "chunk_failed", 3),
        (SourceError(ErrorKind.SOURCE_CORRUPT, "no frame"), "source_corrupt", 1),
    ],
)
def test_a_step_out_of_tries_says_what_was_wrong(app, job_id, monkeypatch, error, kind, tries):
    def failing(*_args, **_named):
        raise error

    monkeypatch.setattr(chunking, "cut", failing)

    for _try in range(tries):
        assert app.jobs.get(job_id).status.open
        with pytest.raises(type(error)):
            chunking.chunk(job_id, app)

    job = app.jobs.get(job_id)
    assert (job.status, job.error_kind) == (JobStatus.FAILED, kind)


def test_a_result_that_the_event_adopts_first_keeps_the_worker_s_report(app, calls, job_id):
    chunking.chunk(job_id, app)
    store = app.objects.create
    adopting = SimpleNamespace(done=False)

    def adopted_at_once(key, metadata):
        new = store(key, metadata)
        commit = new.commit

        def commit_and_adopt():
            info = commit()
            if RenderedKey.parse(key) and not adopting.done:
                adopting.done = True
                complete(RenderedKey(job_id, 0), app)
            return info

        new.commit = commit_and_adopt
        return new

    app.objects.create = adopted_at_once
    rendered(job_id, app, 0)

    row = app.ledger.get(job_id, 0)
    assert row.done
    assert row.report == REPORT
    assert "ledger: segment done refused" in calls


def test_a_broken_result_is_never_stored_and_is_not_the_film_s_fault(
    app, calls, job_id, monkeypatch
):
    chunking.chunk(job_id, app)
    monkeypatch.setattr(making, "inspect", inspected(7))

    for _try in range(3):
        with pytest.raises(StepError):
            rendered(job_id, app, 0)

    job = app.jobs.get(job_id)
    assert (job.status, job.error_kind) == (JobStatus.FAILED, "segment_failed")
    assert app.objects.head(str(RenderedKey(job_id, 0))) is None
    assert control.retry(job_id, app).status is JobStatus.CHUNKING_COMPLETE


def test_a_part_of_another_plan_is_left_alone(app, calls, job_id):
    chunking.chunk(job_id, app)
    foreign = SegmentKey(job_id, 7, 9, StereoMode.SBS)
    with app.objects.create(str(foreign), {"plan_digest": "another"}) as new:
        new.commit()

    rendering.render(foreign, app, EngineRenderer(FakeEngine(), app))

    assert app.ledger.rows(job_id) == []


def test_a_stranger_s_bytes_at_a_key_use_up_the_tries(app, calls, job_id):
    chunking.chunk(job_id, app)
    with app.objects.create(str(RenderedKey(job_id, 0)), {}) as new:
        new.write_at(0, b"whatever")
        new.commit()

    for _try in range(3):
        with pytest.raises(StepError):
            rendered(job_id, app, 0)

    assert app.jobs.get(job_id).error_kind == "segment_failed"


def test_a_deletion_is_final_before_anything_of_it_goes(app, calls, job_id):
    control.set_aside(job_id, app)
    calls.clear()

    collect(app.jobs.get(job_id), app)
    early = [*calls]
    later = replace(app, clock=lambda: 1000.0 + moves.UNDO_KEPT_S + 1)
    calls.clear()
    collect(app.jobs.get(job_id), later)

    assert early == ["jobs.get", "jobs: seal refused"]
    assert calls[:2] == ["jobs.get", "jobs: seal"]
    assert calls[-3:] == ["objects.delete", "ledger.forget", "jobs: collected"]
    with pytest.raises(RequestError):
        control.restore(job_id, later)


def test_a_film_restored_in_the_middle_of_the_work_is_finished(app, calls, job_id):
    chunking.chunk(job_id, app)
    rendered(job_id, app, 0)
    control.set_aside(job_id, app)
    rendered(job_id, app, 1)
    assert len([row for row in app.ledger.rows(job_id) if row.done]) == 1

    assert control.restore(job_id, app).status is JobStatus.CHUNKING_COMPLETE

    sweep_job(job_id, app)
    rendered(job_id, app, 1)
    joining.reassemble(job_id, app)
    assert app.jobs.get(job_id).status is JobStatus.COMPLETED


def test_the_receiver_is_told_between_two_writes(app, calls, job_id):
    control.cancel(job_id, app)
    calls.clear()

    sweep(app, Receiver(lambda _id, _text: calls.append("receiver")))

    assert calls[-4:] == ["jobs.get", "jobs: told later", "receiver", "jobs: told"]


def test_the_sweeper_adopts_counts_and_flips_what_nobody_reported(app, calls, job_id):
    chunking.chunk(job_id, app)
    mark = app.objects.head(str(segment_key(job_id, 0))).metadata
    for index in range(2):
        key = str(RenderedKey(job_id, index))
        with app.objects.create(key, {**mark, "index": str(index)}) as new:
            new.commit()
    calls.clear()

    sweep_job(job_id, app)

    assert calls[:3] == ["jobs.get", "ledger.rows", "objects.list"]
    assert calls[-1] == "jobs: flip refused"
    assert calls.count("bus: SegmentsComplete") == 1
    assert app.jobs.get(job_id).status is JobStatus.REASSEMBLING
