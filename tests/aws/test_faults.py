"""The contracts of the stores hold on a network that throttles, loses replies and doubles calls."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from stereo_spot.adapters.aws.objects import S3ObjectStore
from stereo_spot.adapters.aws.rows import DynamoJobStore, DynamoLedger
from stereo_spot.model import JobStatus
from stereo_spot.transitions import job as moves
from stereo_spot.transitions import segment as segments

from tests.aws import stage
from tests.aws.faults import Faults
from tests.contracts.test_job_store import TestJobStore as JobStoreContract
from tests.contracts.test_job_store import a_job
from tests.contracts.test_object_store import TestObjectStore as ObjectStoreContract
from tests.contracts.test_segment_ledger import JOB, claim, completion
from tests.contracts.test_segment_ledger import TestSegmentLedger as LedgerContract


@pytest.fixture
def faults():
    return Faults(7, throttle=0.15, lose=0.1, double=0.2)


@pytest.fixture
def jobs(dynamodb, faults):
    return DynamoJobStore(faults.on(dynamodb), stage.JOBS)


@pytest.fixture
def ledger(dynamodb, faults):
    return DynamoLedger(faults.on(dynamodb), stage.SEGMENTS)


@pytest.fixture
def objects(s3, faults):
    return S3ObjectStore(faults.on(s3), stage.BUCKETS)


@pytest.fixture
def stored_keys():
    """A lost reply keeps the client from knowing; what S3 announces is not in question here."""
    return _Anything()


class _Anything(list):
    def __eq__(self, _other):
        return True


def test_every_kind_of_fault_is_made(dynamodb, faults):
    jobs = DynamoJobStore(faults.on(dynamodb), stage.JOBS)

    for _ in range(40):
        jobs.create(a_job())

    assert all(faults.made.values())


class TestJobStoreUnderFaults(JobStoreContract):
    def test_adds_from_many_at_once_all_count(self, jobs):
        job = a_job(status=JobStatus.CHUNKING_COMPLETE)
        jobs.create(job)

        with ThreadPoolExecutor(8) as pool:
            for _ in range(24):
                pool.submit(jobs.apply, job.job_id, moves.note_done(150.0, 10))

        # a repeated add counts twice: the hint may be too high, never too low
        assert jobs.get(job.job_id).done_hint >= 24

    def test_an_end_is_told_once_by_one_of_two(self, jobs):
        """Whoever lost the reply believes that another tells; the row knows when to tell again."""
        job = a_job(status=JobStatus.COMPLETED, announce="pending", completed_at=100.3)
        jobs.create(job)
        jobs.apply(job.job_id, moves.announced(100.123457, job))
        sent = jobs.get(job.job_id)

        jobs.apply(job.job_id, moves.told_later(101.0, sent, 106.1))
        trying = jobs.get(job.job_id)
        assert jobs.apply(job.job_id, moves.told_later(101.0, sent, 106.2)) is None
        jobs.apply(job.job_id, moves.told(103.0, trying))

        assert (sent.announce, trying.due_at) == ("sent", 106.1)
        assert jobs.get(job.job_id).announce == "done"

    @pytest.mark.parametrize("title", [None, "Käse"])
    def test_another_title_is_written_once_over_the_one_that_was_read(self, jobs, title):
        """Whoever lost the reply is told that it was changed meanwhile, and looks again."""
        job = a_job(title=title, status=JobStatus.COMPLETED)
        jobs.create(job)

        jobs.apply(job.job_id, moves.rename(150.0, "第一", job))
        assert jobs.apply(job.job_id, moves.rename(151.0, "second", job)) is None

        assert jobs.get(job.job_id).title == "第一"

    def test_a_job_that_was_set_aside_is_restored_unless_it_was_sealed(self, jobs):
        """Whoever lost the reply reads the row, which says what became of it."""
        job = a_job(status=JobStatus.REASSEMBLING, title="kept")
        jobs.create(job)

        jobs.apply(job.job_id, *moves.set_aside(150.0, job))
        aside = jobs.get(job.job_id)
        jobs.apply(job.job_id, moves.restore(160.0, aside))
        back = jobs.get(job.job_id)
        jobs.apply(job.job_id, *moves.set_aside(170.0, back))
        jobs.apply(job.job_id, moves.seal(190.0))

        assert (aside.status, aside.deleted_from) == (JobStatus.DELETED, JobStatus.REASSEMBLING)
        assert (back.status, back.title, back.ttl) == (JobStatus.REASSEMBLING, "kept", None)
        assert jobs.apply(job.job_id, moves.restore(191.0, aside)) is None
        assert jobs.get(job.job_id).status is JobStatus.DELETED


class TestSegmentLedgerUnderFaults(LedgerContract):
    """Whoever lost the reply to `done` may be told that it was refused; the row is done."""

    def test_done_is_written_once_and_ends_all_claims(self, ledger):
        ledger.apply(JOB.job_id, 0, *claim(100.0, "a"))

        ledger.apply(JOB.job_id, 0, segments.done(completion(), report={}, creates=False))
        ledger.apply(JOB.job_id, 0, segments.done(completion(), report={}, creates=True))

        row = ledger.get(JOB.job_id, 0)
        assert row.done and row.lease_owner is None
        assert ledger.apply(JOB.job_id, 0, *claim(9000.0, "b")) is None

    def test_adoption_may_make_the_row_and_a_worker_may_not(self, ledger):
        by_worker = segments.done(completion(5), report={}, creates=False)
        adopted = segments.done(completion(5), report={}, creates=True)

        assert ledger.apply(JOB.job_id, 5, by_worker) is None
        ledger.apply(JOB.job_id, 5, adopted)
        assert ledger.get(JOB.job_id, 5).frames == 24


class TestObjectStoreUnderFaults(ObjectStoreContract):
    pass
