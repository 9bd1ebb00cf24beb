"""The example of docs/analyzer.md: a Redis source of under 60 lines that keeps the contract."""

import bisect
from pathlib import Path

import pytest
from stereo_spot.analysis.records import VideoStatus
from stereo_spot.analysis.worker import Pace, Worker

from tests.analysis import redis_source
from tests.analysis.conftest import Feed
from tests.analysis.kit import store
from tests.analysis.redis_source import RedisJobSource
from tests.analysis.test_job_sources import TestJobSource as ContractOfJobSources

ROOT = Path(__file__).parents[2]


class MemoryRedis:
    """The eleven commands of Redis that the example uses, with their answers."""

    def __init__(self):
        self.lists, self.hashes, self.sets = {}, {}, {}

    def rpush(self, name, value):
        self.lists.setdefault(name, []).append(value)
        return len(self.lists[name])

    def lpop(self, name):
        return self.lists[name].pop(0) if self.lists.get(name) else None

    def llen(self, name):
        return len(self.lists.get(name, []))

    def hset(self, name, key, value):
        self.hashes.setdefault(name, {})[key] = value

    def hget(self, name, key):
        return self.hashes.get(name, {}).get(key)

    def hdel(self, name, key):
        return self.hashes.get(name, {}).pop(key, None) is not None

    def zadd(self, name, scores, xx=False):
        members = self.sets.setdefault(name, {})
        new = scores.keys() - members.keys()
        members.update({k: v for k, v in scores.items() if not (xx and k in new)})
        return 0 if xx else len(new)

    def zrem(self, name, member):
        return int(self.sets.get(name, {}).pop(member, None) is not None)

    def zscore(self, name, member):
        return self.sets.get(name, {}).get(member)

    def zcard(self, name):
        return len(self.sets.get(name, {}))

    def zrangebyscore(self, name, _low, high):
        ranked = sorted((score, member) for member, score in self.sets.get(name, {}).items())
        return [member for _, member in ranked[: bisect.bisect_right(ranked, (high, "~"))]]


def feed_of(lease_s):
    source = RedisJobSource(MemoryRedis(), lease_s=lease_s)
    return Feed(source, source.add, lease_s, shows_waiting=False)


class TestTheExample(ContractOfJobSources):
    @pytest.fixture
    def feed(self):
        return feed_of(60.0)

    @pytest.fixture
    def hasty_feed(self):
        return feed_of(0.6)


def test_the_example_feeds_a_worker(embedded, talking):
    feed = feed_of(60.0)
    feed.add("job-1", store(embedded, talking))

    assert Worker(feed.source, embedded, Pace(poll_s=0.01)).step()

    assert embedded.rows.contents("film-1").video.status is VideoStatus.READY


def test_the_example_in_the_docs_is_this_one_and_under_60_lines():
    code = Path(redis_source.__file__).read_text()
    body = code.partition('"""\n\n')[2].strip()

    assert len(body.splitlines()) < 60
    assert body in (ROOT / "docs" / "analyzer.md").read_text()
