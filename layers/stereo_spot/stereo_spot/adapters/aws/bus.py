"""Events through EventBridge."""

from typing import Any

from stereo_spot.errors import ErrorKind, MachineError
from stereo_spot.events import Event

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
