"""Jobs from Redis lists: a whole adapter, as docs/analyzer.md shows it."""

import json
import time
import uuid

from stereo_spot.analysis.ports import Claim


class RedisJobSource:
    """`pending` is a list, `held` a hash of what is out, `due` a sorted set by lease end."""

    def __init__(self, redis, *, lease_s: float = 60.0) -> None:
        self._redis, self._lease_s = redis, lease_s

    def add(self, job_id: str, video_id: str, attempts: int = 0) -> bool:
        body = json.dumps({"id": job_id, "video_id": video_id, "attempts": attempts})
        return bool(self._redis.rpush("pending", body))

    def claim(self) -> Claim | None:
        for token in self._redis.zrangebyscore("due", "-inf", time.time()):
            if self._redis.zrem("due", token):  # whoever removes it may put the job back
                self._redis.rpush("pending", self._redis.hget("held", token))
                self._redis.hdel("held", token)
        body = self._redis.lpop("pending")
        if body is None:
            return None
        job = json.loads(body) | {"attempts": json.loads(body)["attempts"] + 1}
        token = uuid.uuid4().hex
        self._redis.hset("held", token, json.dumps(job))
        self._redis.zadd("due", {token: time.time() + self._lease_s})
        return Claim(
            job_id=job["id"], video_id=job["video_id"], attempts=job["attempts"], token=token
        )

    def extend(self, claim: Claim) -> bool:
        if self._redis.zscore("due", claim.token) is None:
            return False
        self._redis.zadd("due", {claim.token: time.time() + self._lease_s}, xx=True)
        return True

    def complete(self, claim: Claim) -> bool:
        ours = bool(self._redis.zrem("due", claim.token))
        self._redis.hdel("held", claim.token)
        return ours

    def give_back(self, claim: Claim, *, error: str | None, retry_in_s: float | None) -> bool:
        if error is not None and retry_in_s is None:
            return self.complete(claim)
        attempts = claim.attempts - (error is None)
        job = {"id": claim.job_id, "video_id": claim.video_id, "attempts": attempts}
        if self._redis.zscore("due", claim.token) is None:
            return False
        self._redis.hset("held", claim.token, json.dumps(job))
        self._redis.zadd("due", {claim.token: time.time() + (retry_in_s or 0)}, xx=True)
        return True

    def peek(self, limit: int = 10):
        counts = {"pending": self._redis.llen("pending"), "processing": self._redis.zcard("due")}
        return counts, []
