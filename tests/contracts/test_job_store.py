"""The contract of `JobStore`."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.model import OPEN, Job, JobStatus, StereoMode
from stereo_spot.transitions import job as moves


def a_job(**changes) -> Job:
    fields = {
        "job_id": str(uuid.uuid4()),
        "status": JobStatus.CREATED,
        "mode": StereoMode.SBS,
        "created_at": 100.0,
        "updated_at": 100.0,
        "deadline_at": 200.0,
        "start_requested_at": 100.0,
    }
    return Job(**{**fields, **changes})


def claim(now, owner, etag="v1"):
    return moves.claim_chunk(now, owner, 180.0, etag=etag, size=1)


class TestJobStore:
    def test_a_row_comes_back_as_it_was_stored(self, jobs):
        job = a_job(title="Käse & ⟨b⟩", result={"notes": ["x"]})

        assert jobs.create(job)

        assert jobs.get(job.job_id) == job

    def test_an_id_is_taken_once(self, jobs):
        job = a_job(title="first")
        jobs.create(job)

        assert not jobs.create(a_job(job_id=job.job_id, title="second"))
        assert jobs.get(job.job_id).title == "first"

    def test_a_missing_row_is_none_and_no_change_creates_it(self, jobs):
        missing = str(uuid.uuid4())

        assert jobs.get(missing) is None
        assert jobs.apply(missing, moves.delete(1.0)) is None
        assert jobs.get(missing) is None

    def test_a_change_whose_condition_fails_changes_nothing(self, jobs):
        job = a_job(status=JobStatus.COMPLETED)
        jobs.create(job)

        assert jobs.apply(job.job_id, *claim(150.0, "a")) is None
        assert jobs.get(job.job_id) == job

    def test_the_first_change_that_holds_is_made(self, jobs):
        job = a_job()
        jobs.create(job)

        first = jobs.apply(job.job_id, *claim(150.0, "a"))
        second = jobs.apply(job.job_id, *claim(400.0, "b"))

        assert (first.lease_owner, first.reclaims) == ("a", 0)
        assert (second.lease_owner, second.reclaims) == ("b", 1)

    def test_a_held_lease_refuses_another_owner(self, jobs):
        job = a_job()
        jobs.create(job)
        jobs.apply(job.job_id, *claim(150.0, "a"))

        assert jobs.apply(job.job_id, *claim(151.0, "b")) is None

    def test_a_comparison_with_a_missing_attribute_is_false(self, jobs):
        job = a_job(status=JobStatus.FAILED)
        jobs.create(job)

        assert jobs.apply(job.job_id, moves.expire(1e12, job)) is None

    def test_of_many_at_once_one_wins(self, jobs):
        job = a_job()
        jobs.create(job)

        with ThreadPoolExecutor(8) as pool:
            tried = [pool.submit(jobs.apply, job.job_id, *claim(150.0, str(n))) for n in range(16)]

        assert sum(attempt.result() is not None for attempt in tried) == 1

    @pytest.mark.parametrize("title", [None, "Käse"])
    def test_another_title_is_written_once_over_the_one_that_was_read(self, jobs, title):
        job = a_job(title=title, status=JobStatus.COMPLETED)
        jobs.create(job)

        first = jobs.apply(job.job_id, moves.rename(150.0, "第一", job))

        assert (first.title, first.renamed_at, first.status) == ("第一", 150.0, job.status)
        assert jobs.apply(job.job_id, moves.rename(151.0, "second", job)) is None
        assert jobs.get(job.job_id) == first
        assert jobs.apply(job.job_id, moves.rename(152.0, "third", None)).title == "third"
        jobs.apply(job.job_id, moves.delete(153.0))
        assert jobs.apply(job.job_id, moves.rename(154.0, "fourth", None)) is None

    def test_a_job_that_was_set_aside_is_restored_unless_it_was_sealed(self, jobs):
        job = a_job(status=JobStatus.REASSEMBLING, title="kept")
        jobs.create(job)
        stale = job.model_copy(update={"status": JobStatus.CHUNKING_COMPLETE})

        aside = jobs.apply(job.job_id, *moves.set_aside(150.0, stale))
        due = 150.0 + moves.UNDO_KEPT_S

        assert (aside.status, aside.deleted_from) == (JobStatus.DELETED, JobStatus.REASSEMBLING)
        assert jobs.page(OPEN).jobs == () and list(jobs.due(due)) == [aside]
        assert jobs.apply(job.job_id, moves.seal(due)) is None
        back = jobs.apply(job.job_id, moves.restore(160.0, aside))
        assert back == jobs.get(job.job_id) == jobs.page(OPEN).jobs[0]
        assert (back.status, back.title, back.ttl) == (JobStatus.REASSEMBLING, "kept", None)
        assert list(jobs.due(1e12)) == []

        aside = jobs.apply(job.job_id, *moves.set_aside(170.0, back))
        assert jobs.apply(job.job_id, moves.seal(190.0)).deleted_from is None
        assert jobs.apply(job.job_id, moves.restore(191.0, aside)) is None

    def test_adds_from_many_at_once_all_count(self, jobs):
        job = a_job(status=JobStatus.CHUNKING_COMPLETE)
        jobs.create(job)

        with ThreadPoolExecutor(8) as pool:
            for _ in range(24):
                pool.submit(jobs.apply, job.job_id, moves.note_done(150.0, 10))

        assert (jobs.get(job.job_id).done_hint, jobs.get(job.job_id).frames_done) == (24, 240)

    def test_pages_are_newest_first_and_whole(self, jobs):
        stored = [a_job(created_at=float(n // 2)) for n in range(7)]
        for job in stored:
            jobs.create(job)
        jobs.create(a_job(status=JobStatus.DELETED))

        seen, cursor = [], None
        while True:
            page = jobs.page(OPEN, limit=3, cursor=cursor)
            seen += page.jobs
            cursor = page.cursor
            if cursor is None:
                break

        assert len(seen) == 7
        assert [(j.created_at, j.job_id) for j in seen] == sorted(
            ((j.created_at, j.job_id) for j in stored), reverse=True
        )

    def test_a_page_can_be_of_one_owner(self, jobs):
        jobs.create(a_job(owner="ann"))
        jobs.create(a_job(owner="bob"))

        assert [job.owner for job in jobs.page(OPEN, owner="ann").jobs] == ["ann"]

    @pytest.mark.parametrize("cursor", ["x", "bm9wZQ==", "é", "e30=", "bnVsbA=="])
    def test_a_forged_cursor_is_refused(self, jobs, cursor):
        with pytest.raises(RequestError) as refused:
            jobs.page(OPEN, cursor=cursor)
        assert refused.value.kind is ErrorKind.BAD_REQUEST

    def test_an_end_is_told_once_by_one_of_two(self, jobs):
        job = a_job(status=JobStatus.COMPLETED, announce="pending", completed_at=100.3)
        jobs.create(job)
        sent = jobs.apply(job.job_id, moves.announced(100.123457, job))

        trying = jobs.apply(job.job_id, moves.told_later(101.0, sent, 106.1))
        assert jobs.apply(job.job_id, moves.told_later(101.0, sent, 106.2)) is None
        collected = jobs.apply(job.job_id, moves.collected(102.0, trying))
        assert jobs.apply(job.job_id, moves.told(103.0, trying)) is None
        told = jobs.apply(job.job_id, moves.told(103.0, collected))

        assert (sent.announce, trying.due_at, collected.due_at) == ("sent", 106.1, 102.0)
        assert (told.announce, told.due_at) == ("done", 100.3 + moves.COLLECT_AGAIN_S)

    def test_due_lists_what_is_due_only(self, jobs):
        due = a_job(status=JobStatus.COMPLETED, due_at=50.0)
        jobs.create(due)
        jobs.create(a_job(status=JobStatus.COMPLETED, due_at=150.0))
        jobs.create(a_job())

        assert [job.job_id for job in jobs.due(100.0)] == [due.job_id]
