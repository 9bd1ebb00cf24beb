"""A SageMaker endpoint, as far as a client of it can tell, around the container's real server.

An async invocation is queued; the request is read from where it was stored and posted to the
container; the answer is stored under the output path, or a failure under the failure path, and the
error topic's subscribers are told. A real-time invocation is posted at once, and the container's
refusal becomes a `ModelError`. The container's own writing of the result goes to the same buckets.
"""

import json
import threading
import uuid
from collections import deque
from urllib.error import HTTPError
from urllib.parse import unquote
from urllib.request import Request, urlopen

from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse
from stereo_spot.adapters.aws.objects import Buckets, S3ObjectStore

from inference_container.invocations import Invocations
from inference_container.server import Server
from tests.aws import stage

HEADER = "X-Amzn-SageMaker-"


class Endpoint:
    """One endpoint with one instance."""

    def __init__(self, engine, scratch, *, outputs, failures, tell):
        self.waiting, self.asked = deque(), []
        self.refusals = deque()
        """What the service itself answers to the next real-time calls: (status, code)."""
        self._outputs, self._failures, self._tell = outputs, failures, tell
        self._s3 = stage.client("s3")
        self._invocations = Invocations(
            objects=lambda films, results: S3ObjectStore(self._s3, Buckets(films, results)),
            engine=engine,
            scratch=scratch,
        )
        self.address = ("127.0.0.1", 0)
        self.start()

    def start(self, loads_s=0.0):
        """Start the container, at the same place every time; it loads its models for a while."""
        self._server = Server(self.address)
        self.address = self._server.server_address
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._loads = threading.Timer(loads_s, self._loaded)
        self._loads.start() if loads_s else self._loaded()

    def _loaded(self):
        self._server.invocations = self._invocations

    def close(self):
        self._loads.cancel()
        self._server.shutdown()
        self._server.server_close()

    def on(self, events):
        """Answer the calls of clients that share this event emitter."""
        name = "before-send.sagemaker-runtime."
        events.register_first(name + "InvokeEndpointAsync", self._queue)
        events.register_first(name + "InvokeEndpoint", self._answer)

    def work(self):
        """Take the next invocation off the queue."""
        run, place = self.waiting.popleft()
        bucket, _, key = place.removeprefix("s3://").partition("/")
        body = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        status, told = self._posted(body)
        file = uuid.uuid4().hex
        news = {
            "awsRegion": stage.REGION,
            "eventTime": "2026-11-20T00:00:00.000Z",
            "receivedTime": "2026-11-20T00:00:00.000Z",
            "invocationStatus": "Completed" if status == 200 else "Failed",
            "requestParameters": {"endpointName": "e", "inputLocation": place},
            "inferenceId": run,
            "eventVersion": "1.0",
            "eventSource": "aws:sagemaker",
            "eventName": "InferenceResult",
        }
        if status == 200:
            self._put(f"{self._outputs}{file}.out", told)
        else:
            reason = f'Received server error ({status}) from model with message "{told.decode()}".'
            self._put(f"{self._failures}{file}-error.out", reason.encode())
            self._tell(news | {"failureReason": reason})

    def _queue(self, request, **_):
        self.asked.append(dict(request.headers))
        run, place = (
            unquote(_text(request.headers[HEADER + name]))
            for name in ("Inference-Id", "InputLocation")
        )
        self.waiting.append((run, place))
        answer = {"InferenceId": run}
        return AWSResponse(request.url, 202, {}, MockRawResponse(json.dumps(answer).encode()))

    def _answer(self, request, **_):
        self.asked.append(dict(request.headers))
        if self.refusals:
            return _refused(request.url, *self.refusals.popleft(), {"Message": "not now"})
        status, told = self._posted(request.body)
        if status == 200:
            return AWSResponse(request.url, 200, {}, MockRawResponse(told))
        body = {
            "OriginalStatusCode": status,
            "OriginalMessage": told.decode(),
            "Message": f"Received server error ({status}) from primary",
        }
        return _refused(request.url, 424, "ModelError", body)

    def _posted(self, body):
        host, port = self.address
        request = Request(f"http://{host}:{port}/invocations", body)
        try:
            with urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()
        except OSError as error:
            return 500, f"the container broke off: {error}".encode()

    def _put(self, place, body):
        bucket, _, key = place.removeprefix("s3://").partition("/")
        self._s3.put_object(Bucket=bucket, Key=key, Body=body)


def _refused(url, status, code, body):
    headers = {"x-amzn-errortype": code, "content-type": "application/json"}
    return AWSResponse(url, status, headers, MockRawResponse(json.dumps(body).encode()))


def _text(value):
    return value.decode() if isinstance(value, bytes) else value
