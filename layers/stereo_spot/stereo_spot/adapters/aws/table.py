"""One DynamoDB table: consistent reads, conditional writes, whole queries."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from stereo_spot.adapters.aws.expressions import update_of
from stereo_spot.adapters.aws.values import Item, attributes_of, item_of
from stereo_spot.transitions.change import Change

_BATCH = 25


def error_code(error: ClientError) -> str:
    """The code that AWS gave an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


class Table:
    """The calls that the stores make, on one table."""

    def __init__(self, client: Any, name: str) -> None:
        self._client, self._name = client, name

    def get(self, key: Item) -> dict[str, Any] | None:
        """One row, read consistently."""
        found = self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True)
        return attributes_of(found["Item"]) if "Item" in found else None

    def put_new(self, attributes: Mapping[str, Any]) -> bool:
        """Store a row unless its key is taken; a repeat of our own lost reply counts as ours."""
        try:
            self._client.put_item(
                TableName=self._name,
                Item=item_of(attributes),
                ConditionExpression="attribute_not_exists(job_id)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            return _refused(error) == dict(attributes)
        return True

    def apply(self, key: Item, changes: Sequence[Change]) -> dict[str, Any] | None:
        """The row after the first change whose conditions hold, None when none does."""
        for change in changes:
            try:
                done = self._client.update_item(
                    TableName=self._name,
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **update_of(change, key),
                )
            except ClientError as error:
                there = _refused(error)
                if _is_ours(change, there):
                    return there
            else:
                return attributes_of(done["Attributes"])
        return None

    def query(self, **request: Any) -> Iterator[dict[str, Any]]:
        """All rows that a query finds, page after page."""
        start: dict[str, Any] = {}
        while True:
            page = self._client.query(TableName=self._name, **request, **start)
            yield from map(attributes_of, page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def delete(self, keys: Sequence[Item]) -> None:
        """Remove rows; rows that are gone are no error."""
        left = [{"DeleteRequest": {"Key": key}} for key in keys]
        while left:
            batch, left = left[:_BATCH], left[_BATCH:]
            done = self._client.batch_write_item(RequestItems={self._name: batch})
            left += done.get("UnprocessedItems", {}).get(self._name, [])


def _refused(error: ClientError) -> dict[str, Any]:
    """The row that refused a write; any other error goes on."""
    if error_code(error) != "ConditionalCheckFailedException":
        raise error
    return attributes_of(error.response.get("Item", {}))


def _is_ours(change: Change, there: Mapping[str, Any]) -> bool:
    """Whether a refused claim had been made before, its reply lost and the call repeated.

    Lease tokens are random, so nobody else can have written ours.
    """
    token = change.sets.get("lease_owner")
    return token is not None and there.get("lease_owner") == token
