"""The contract of `JobSource`, on every source."""

import json
import time

import pytest
from stereo_spot.adapters.aws.sqs_jobs import SqsJobSource


class TestJobSource:
    def test_an_empty_source_has_nothing(self, feed):
        assert feed.source.claim() is None

    def test_a_job_is_handed_out_once(self, feed):
        assert feed.add("j1", "v1")

        claim = feed.source.claim()

        assert (claim.job_id, claim.video_id, claim.attempts) == ("j1", "v1", 1)
        assert feed.source.claim() is None

    def test_jobs_come_in_the_order_they_were_added(self, feed):
        for number in range(3):
            feed.add(f"j{number}", f"v{number}")

        assert [feed.source.claim().job_id for _ in range(3)] == ["j0", "j1", "j2"]

    def test_a_completed_job_never_comes_again(self, hasty_feed):
        hasty_feed.add("j1", "v1")
        claim = hasty_feed.source.claim()

        assert hasty_feed.source.complete(claim)

        time.sleep(hasty_feed.lease_s * 1.2)
        assert hasty_feed.source.claim() is None

    def test_a_failed_try_comes_again_after_its_delay(self, feed):
        feed.add("j1", "v1")

        assert feed.source.give_back(feed.source.claim(), error="broke", retry_in_s=1.0)

        assert feed.source.claim() is None
        time.sleep(1.2)
        assert feed.source.claim().attempts == 2

    def test_a_job_that_failed_for_good_never_comes_again(self, feed):
        feed.add("j1", "v1")

        assert feed.source.give_back(feed.source.claim(), error="broke", retry_in_s=None)

        assert feed.source.claim() is None

    def test_a_job_handed_back_is_due_at_once(self, feed):
        feed.add("j1", "v1")

        assert feed.source.give_back(feed.source.claim(), error=None, retry_in_s=None)

        claim = feed.source.claim()
        assert (claim.job_id, claim.video_id, claim.attempts) == ("j1", "v1", 1)
        assert feed.source.claim() is None

    def test_a_job_of_a_worker_that_fell_silent_comes_again(self, hasty_feed):
        hasty_feed.add("j1", "v1")
        lost = hasty_feed.source.claim()
        time.sleep(hasty_feed.lease_s * 1.2)

        claim = hasty_feed.source.claim()

        assert (claim.job_id, claim.attempts) == ("j1", 2)
        assert claim.token != lost.token

    def test_a_job_whose_workers_all_died_is_not_forgotten(self, hasty_feed):
        hasty_feed.add("j1", "v1")

        for attempt in range(1, 5):
            assert hasty_feed.source.claim().attempts == attempt
            time.sleep(hasty_feed.lease_s * 1.2)

    def test_a_heartbeat_keeps_the_job(self, hasty_feed):
        hasty_feed.add("j1", "v1")
        claim = hasty_feed.source.claim()
        for _ in range(8):
            time.sleep(hasty_feed.lease_s * 0.2)
            assert hasty_feed.source.extend(claim)

        assert hasty_feed.source.claim() is None
        assert hasty_feed.source.complete(claim)

    def test_the_waiting_are_counted(self, feed):
        feed.add("j1", "v1")
        feed.add("j2", "v2")
        feed.source.claim()

        counts, waiting = feed.source.peek()

        assert (counts["pending"], counts["processing"]) == (1, 1)
        if feed.shows_waiting:
            assert [(job.id, job.video_id, job.status) for job in waiting] == [
                ("j2", "v2", "pending")
            ]


@pytest.mark.parametrize("name", ["local", "postgres", "webhook"])
class TestRowsOfJobs:
    """What a queue of messages cannot promise and a table can."""

    def test_a_lost_lease_is_worth_nothing(self, open_feed, name):
        feed = open_feed(name, 0.2)
        feed.add("j1", "v1")
        lost = feed.source.claim()
        time.sleep(0.3)
        claim = feed.source.claim()

        assert not feed.source.extend(lost)
        assert not feed.source.complete(lost)
        assert not feed.source.give_back(lost, error="late", retry_in_s=None)
        assert feed.source.complete(claim)

    def test_the_same_job_twice_is_one(self, open_feed, name):
        feed = open_feed(name)
        feed.add("j1", "v1")
        feed.add("j1", "v1")

        feed.source.claim()

        assert feed.source.claim() is None


def test_messages_that_were_fetched_and_not_begun_lose_no_attempt(aws, queue_url):
    def source(at_once):
        return SqsJobSource(aws("sqs"), queue_url, at_once=at_once, wait_s=0)

    for number in range(3):
        body = json.dumps({"job": {"id": f"j{number}", "video_id": "v", "path": "films/v.mp4"}})
        aws("sqs").send_message(QueueUrl=queue_url, MessageBody=body)
    first = source(3)
    begun = first.claim()

    first.close()

    others = [source(1).claim() for _ in range(2)]
    assert {begun.job_id, *(claim.job_id for claim in others)} == {"j0", "j1", "j2"}
    assert [(claim.attempts, claim.path) for claim in others] == [(1, "films/v.mp4")] * 2
    assert source(1).claim() is None


@pytest.mark.parametrize(
    "body", ["[" * 100_000, "{}", '{"job": {"video_id": "v", "path": "\\u0000"}}']
)
def test_a_message_that_names_no_job_keeps_no_other_from_its_turn(aws, queue_url, body):
    source = SqsJobSource(aws("sqs"), queue_url, wait_s=0, max_attempts=1)
    for text in (body, json.dumps({"job": {"id": "j1", "video_id": "v"}})):
        aws("sqs").send_message(QueueUrl=queue_url, MessageBody=text)

    claims = [source.claim() for _ in range(2)]

    assert {claim.job_id for claim in claims if claim} == {"j1"}
    assert source.peek()[0] == {"pending": 0, "processing": 1}
