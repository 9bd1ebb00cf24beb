"""The row that older reassembly workers look for, written beside the event that wakes ours."""

import time
from typing import Any

from botocore.exceptions import ClientError

from stereo_spot.adapters.aws.table import error_code
from stereo_spot.adapters.aws.values import item_of
from stereo_spot.events import Event, SegmentsComplete
from stereo_spot.ports import EventBus

_KEPT_S = 90 * 24 * 3600


class MarkingBus:
    """A bus that notes once per job, in the table of the older contract, that all is rendered.

    Nothing here reads the row; the job's own row decides.
    """

    def __init__(self, bus: EventBus, client: Any, table: str) -> None:
        self._bus, self._client, self._table = bus, client, table

    def publish(self, event: Event) -> None:
        """Hand over one event, and mark the job when all its segments are rendered."""
        self._bus.publish(event)
        if isinstance(event, SegmentsComplete):
            self._mark(event.job_id)

    def _mark(self, job_id: str) -> None:
        now = int(time.time())
        row = {"job_id": job_id, "triggered_at": now, "ttl": now + _KEPT_S}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item_of(row),
                ConditionExpression="attribute_not_exists(job_id)",
            )
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
