"""A network that misbehaves between a client and moto: throttles, lost replies, doubled calls."""

import json
import random
import threading

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError
from moto.core.botocore_stubber import MockRawResponse

from tests.aws.stage import answered

_THROTTLED = {
    "dynamodb": (400, b'{"__type": "com.amazonaws#ProvisionedThroughputExceededException"}'),
    "s3": (503, b"<Error><Code>SlowDown</Code></Error>"),
}


class Faults:
    """Breaks a share of the calls; each fault is one that AWS documents."""

    def __init__(self, seed, *, throttle=0.0, lose=0.0, double=0.0):
        self._random, self._lock = random.Random(seed), threading.Lock()
        self._shares = {"throttle": throttle, "lose": lose, "double": double}
        self.made = {kind: 0 for kind in self._shares}

    def on(self, client):
        client.meta.events.unregister("before-send", answered)
        client.meta.events.register("before-send", self)
        return client

    def __call__(self, request, event_name, **_):
        service = event_name.split(".")[1]
        match self._draw():
            case "throttle":
                status, body = _THROTTLED[service]
                return AWSResponse(request.url, status, {}, MockRawResponse(body))
            case "lose":
                answered(request, event_name)
                raise ConnectionClosedError(endpoint_url=request.url)
            case "double":
                answered(request, event_name)
        return answered(request, event_name)

    def _draw(self):
        with self._lock:
            left = self._random.random()
            for kind, share in self._shares.items():
                if left < share:
                    self.made[kind] += 1
                    return kind
                left -= share
        return None


class Behind:
    """Reads that may be stale are: an index answers as it did the time before, at first nothing.

    All other reads have to ask for the newest.
    """

    NOTHING = b'{"Items": [], "Count": 0, "ScannedCount": 0}'

    def __init__(self):
        self._before, self.late = {}, 0

    def on(self, events):
        """Answer the reads of all clients that share this event emitter."""
        for call in ("Query", "GetItem"):
            events.register_first(f"before-send.dynamodb.{call}", self)

    def __call__(self, request, event_name, **_):
        asked = json.loads(request.body)
        now = answered(request, event_name)
        if "IndexName" not in asked:
            assert asked["ConsistentRead"], asked
            return now
        told = self._before.get(request.body, self.NOTHING)
        self._before[request.body] = now.content
        self.late += told != now.content
        return AWSResponse(request.url, 200, {}, MockRawResponse(told))
