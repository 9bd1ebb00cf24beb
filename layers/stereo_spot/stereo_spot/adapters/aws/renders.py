"""Where segments go: Batch, or a queue of one's own machines."""

import json
from collections.abc import Sequence
from typing import Any

from stereo_spot.adapters.aws.objects import Buckets
from stereo_spot.adapters.aws.queue import SqsQueue
from stereo_spot.keys import SegmentKey


class BatchRenderQueue:
    """One Batch job per segment; late ones find nothing to do and leave at once."""

    def __init__(self, client: Any, *, queue: str, definition: str) -> None:
        self._client, self._queue, self._definition = client, queue, definition

    def submit(self, segments: Sequence[SegmentKey]) -> None:
        """Ask for these to be rendered."""
        for key in segments:
            self._client.submit_job(
                jobName=f"{key.job_id}-{key.index:05d}",
                jobQueue=self._queue,
                jobDefinition=self._definition,
                parameters={"key": str(key)},
            )


class SqsRenderQueue:
    """One message per segment, in the form of S3's own notification: what such workers read."""

    def __init__(self, queue: SqsQueue, buckets: Buckets) -> None:
        self._queue, self._buckets = queue, buckets

    def submit(self, segments: Sequence[SegmentKey]) -> None:
        """Ask for these to be rendered."""
        for key in segments:
            stored = {"bucket": {"name": self._buckets.of(str(key))}, "object": {"key": str(key)}}
            record = {"eventName": "ObjectCreated:Put", "eventSource": "aws:s3", "s3": stored}
            self._queue.send(json.dumps({"Records": [record]}))
