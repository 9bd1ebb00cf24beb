"""Events through EventBridge, segments through Batch."""

from collections.abc import Sequence
from typing import Any

from stereo_spot.errors import ErrorKind, MachineError
from stereo_spot.events import Event
from stereo_spot.keys import SegmentKey

SOURCE = "stereo-spot"
_TURNS = 4


class EventBridgeBus:
    """The event bus of one deployment; S3 itself tells of stored objects."""

    def __init__(self, client: Any, name: str) -> None:
        self._client, self._name = client, name

    def publish(self, event: Event) -> None:
        """Hand over one event.

        Raises:
            MachineError: `internal` when the bus refuses it again and again.
        """
        entry = {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event.kind,
            "Detail": event.model_dump_json(),
        }
        reason = ""
        for _turn in range(_TURNS):
            answer = self._client.put_events(Entries=[entry])
            if not answer["FailedEntryCount"]:
                return
            reason = str(answer["Entries"][0].get("ErrorCode"))
        raise MachineError(ErrorKind.INTERNAL, f"the event bus refuses {event.kind}: {reason}")


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
