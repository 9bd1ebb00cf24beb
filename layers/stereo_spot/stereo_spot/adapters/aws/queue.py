"""A queue of SQS, read by long polling."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LONG_POLL_S = 20
_AT_ONCE = 10


@dataclass(frozen=True)
class QueuedMessage:
    """A message that is ours until its visibility runs out."""

    body: str
    receipt: str
    received: int
    """How often it has been delivered, this time included."""
    message_id: str = ""


class SqsQueue:
    """One queue."""

    def __init__(self, client: Any, url: str, *, long_poll_s: int = LONG_POLL_S) -> None:
        self._client, self.url, self._long_poll_s = client, url, long_poll_s

    def receive(self, *, at_once: int = 1) -> list[QueuedMessage]:
        """Up to `at_once` messages; waits for the first one up to the long poll."""
        answer = self._client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=min(at_once, _AT_ONCE),
            WaitTimeSeconds=self._long_poll_s,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return [
            QueuedMessage(
                message_id=message["MessageId"],
                body=message["Body"],
                receipt=message["ReceiptHandle"],
                received=int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
            )
            for message in answer.get("Messages", ())
        ]

    def send(self, body: str) -> None:
        """Put a message on the queue."""
        self._client.send_message(QueueUrl=self.url, MessageBody=body)

    def done(self, message: QueuedMessage) -> None:
        """The message was worked off."""
        self._client.delete_message(QueueUrl=self.url, ReceiptHandle=message.receipt)

    def hold(self, message: QueuedMessage, seconds: int) -> None:
        """Keep the message to ourselves for this much longer; 0 gives it back."""
        self._client.change_message_visibility(
            QueueUrl=self.url, ReceiptHandle=message.receipt, VisibilityTimeout=seconds
        )

    def waiting(self) -> Iterator[QueuedMessage]:
        """All messages that can be had now."""
        while messages := self.receive(at_once=_AT_ONCE):
            yield from messages
