"""The contract of `SegmentLedger`."""

from concurrent.futures import ThreadPoolExecutor

from stereo_spot.errors import ErrorKind
from stereo_spot.model import JobStatus, SegmentCompletion
from stereo_spot.transitions import segment as moves

from tests.contracts.test_job_store import a_job

JOB = a_job(status=JobStatus.CHUNKING_COMPLETE, total_segments=12, plan_digest="p")


def claim(now, owner, index=0, job=JOB):
    return moves.claim(now, owner, 180.0, job=job, index=index)


def completion(index=0) -> SegmentCompletion:
    return SegmentCompletion(
        job_id=JOB.job_id,
        segment_index=index,
        total_segments=12,
        completed_at=300.0,
        output_s3_uri=f"jobs/{JOB.job_id}/segments/{index}.mp4",
        output_etag="e",
        plan_digest="p",
        frames=24,
    )


class TestSegmentLedger:
    def test_the_first_claim_makes_the_row(self, ledger):
        row = ledger.apply(JOB.job_id, 3, *claim(100.0, "a", 3))

        assert (row.segment_index, row.lease_owner, row.tries) == (3, "a", 0)
        assert ledger.get(JOB.job_id, 3) == row

    def test_a_held_segment_is_not_claimed_again(self, ledger):
        ledger.apply(JOB.job_id, 0, *claim(100.0, "a"))

        assert ledger.apply(JOB.job_id, 0, *claim(101.0, "b")) is None

    def test_a_lease_that_ran_out_is_a_reclaim_not_a_try(self, ledger):
        ledger.apply(JOB.job_id, 0, *claim(100.0, "a"))

        row = ledger.apply(JOB.job_id, 0, *claim(500.0, "b"))

        assert (row.lease_owner, row.tries, row.reclaims) == ("b", 0, 1)

    def test_ten_reclaims_without_progress_are_the_end_and_progress_resets_them(self, ledger):
        for turn in range(11):
            assert ledger.apply(JOB.job_id, 0, *claim(turn * 500.0, f"w{turn}")) is not None
        assert ledger.apply(JOB.job_id, 0, *claim(9000.0, "late")) is None

        further = JOB.model_copy(update={"done_hint": 1})

        assert ledger.apply(JOB.job_id, 0, *claim(9000.0, "late", job=further)).reclaims == 1

    def test_three_reported_failures_use_up_the_tries_until_a_new_round(self, ledger):
        for turn in range(3):
            assert ledger.apply(JOB.job_id, 0, *claim(float(turn), "a")) is not None
            ledger.apply(
                JOB.job_id, 0, moves.report_failure("a", ErrorKind.SEGMENT_FAILED, "broke")
            )
        assert ledger.apply(JOB.job_id, 0, *claim(9.0, "a")) is None

        again = JOB.model_copy(update={"round": 2})

        assert ledger.apply(JOB.job_id, 0, *claim(9.0, "a", job=again)).tries == 0

    def test_a_heartbeat_of_a_former_holder_is_refused(self, ledger):
        ledger.apply(JOB.job_id, 0, *claim(100.0, "a"))
        ledger.apply(JOB.job_id, 0, *claim(500.0, "b"))

        assert ledger.apply(JOB.job_id, 0, moves.heartbeat(501.0, "a", 180.0, 5)) is None
        assert ledger.apply(JOB.job_id, 0, moves.heartbeat(501.0, "b", 180.0, 5)).frames_done == 5

    def test_done_is_written_once_and_ends_all_claims(self, ledger):
        ledger.apply(JOB.job_id, 0, *claim(100.0, "a"))

        first = ledger.apply(JOB.job_id, 0, moves.done(completion(), report={}, creates=False))
        again = ledger.apply(JOB.job_id, 0, moves.done(completion(), report={}, creates=True))

        assert first.done and first.lease_owner is None
        assert again is None
        assert ledger.apply(JOB.job_id, 0, *claim(9000.0, "b")) is None

    def test_adoption_may_make_the_row_and_a_worker_may_not(self, ledger):
        by_worker = moves.done(completion(5), report={}, creates=False)
        adopted = moves.done(completion(5), report={}, creates=True)

        assert ledger.apply(JOB.job_id, 5, by_worker) is None
        assert ledger.apply(JOB.job_id, 5, adopted).frames == 24

    def test_rows_come_in_number_order_and_of_one_job(self, ledger):
        for index in (10, 2, 0, 11, 1):
            ledger.apply(JOB.job_id, index, *claim(100.0, "a", index))
        other = a_job(status=JobStatus.CHUNKING_COMPLETE)
        ledger.apply(other.job_id, 0, *claim(100.0, "a", 0, other))

        assert [row.segment_index for row in ledger.rows(JOB.job_id)] == [0, 1, 2, 10, 11]

    def test_forget_removes_the_rows_of_one_job(self, ledger):
        ledger.apply(JOB.job_id, 0, *claim(100.0, "a"))

        ledger.forget(JOB.job_id)

        assert ledger.rows(JOB.job_id) == []

    def test_of_many_claims_at_once_one_wins(self, ledger):
        with ThreadPoolExecutor(8) as pool:
            tried = [
                pool.submit(ledger.apply, JOB.job_id, 0, *claim(100.0, str(n))) for n in range(16)
            ]

        assert sum(attempt.result() is not None for attempt in tried) == 1
