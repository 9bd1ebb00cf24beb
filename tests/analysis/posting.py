"""Send webhooks over real HTTP."""

import http.client
import json
import uuid
from datetime import UTC, datetime

from standardwebhooks import Webhook


def signed(body: str, secret: str, *, delivery: str | None = None, at: datetime | None = None):
    """The headers of a delivery."""
    delivery, at = delivery or f"msg_{uuid.uuid4().hex}", at or datetime.now(UTC)
    return {
        "webhook-id": delivery,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(delivery, at, body),
    }


def post(port: int, body: str, *, secret: str, headers: dict[str, str] | None = None):
    """Status and answer."""
    return ask(port, "POST", "/webhook/job", body, headers or signed(body, secret))


def ask(port: int, method: str, path: str, body: str | None = None, headers=None):
    """One request to a server of this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()
