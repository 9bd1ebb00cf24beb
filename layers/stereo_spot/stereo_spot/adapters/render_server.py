"""A render server as a `Renderer`: `GET /ping`, `POST /invocations`, SageMaker's own contract.

The server fetches and stores by itself; its answer only says that it did. 503 means "not yet", and
so does a server that is not there yet; one that breaks off in the middle is a failure, because the
segment may be why.
"""

import http.client
import json
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from stereo_spot.errors import ErrorKind, StepError, StereoSpotError, error_of
from stereo_spot.keys import RenderedKey
from stereo_spot.ports import ObjectInfo, Outcome

log = logging.getLogger(__name__)
CONNECT_S = 30.0
_SHOWN = 300


class RenderServer:
    """One server, asked for one segment at a time."""

    lease_s: float | None = None

    def __init__(
        self,
        address: str,
        uri_of: Callable[[str], str],
        *,
        timeout_s: float = 14_400.0,
        patience_s: float = 900.0,
        pause_s: float = 1.0,
        ping_s: float = 15.0,
    ) -> None:
        """Make a client.

        Args:
            address: `http://host:port`, or https.
            uri_of: where the server finds, and puts, the object of a key.
            timeout_s: for one segment, what it waits for others included.
            patience_s: how long a server may load, or be away, before that is a failure.
            pause_s: between two looks at a server that is not ready.
            ping_s: between two looks at a server that is at work; three without an answer end it.
        """
        self._address, self._uri_of = urlsplit(address), uri_of
        self._timeout_s, self._patience_s = timeout_s, patience_s
        self._pause_s, self._ping_s = pause_s, ping_s
        self._stopped = threading.Event()
        self._connection: http.client.HTTPConnection | None = None

    def make(
        self, info: ObjectInfo, target: RenderedKey, *, run: str, progress: Callable[[int], None]
    ) -> Outcome:
        """Let the server render `info` into `target`, and wait for it."""
        self._stopped.clear()
        request = {
            "s3_input_uri": self._uri_of(info.key),
            "s3_output_uri": self._uri_of(str(target)),
        }
        impatient = time.monotonic() + self._patience_s
        while not self._stopped.is_set():
            answer = self._asked(json.dumps(request).encode())
            if answer is not None:
                return self._outcome(*answer)
            if time.monotonic() > impatient:
                raise _failure(f"{self._shown} was not ready for {self._patience_s:.0f} s")
            self._stopped.wait(self._pause_s)
        return Outcome.STOPPED

    def stop(self) -> None:
        """Give up waiting; what the server makes all the same is adopted or collected."""
        self._stopped.set()
        self._hang_up()

    @property
    def _shown(self) -> str:
        return f"the render server at {self._address.netloc}"

    def _outcome(self, status: int, body: bytes) -> Outcome:
        if status != 200:
            raise refusal_of(body.decode(errors="replace"), f"{self._shown} answered {status}")
        return Outcome.STORED

    def _asked(self, body: bytes) -> tuple[int, bytes] | None:
        """What the server answers; None when it is not ready, not there, or no longer asked."""
        try:
            connection = self._connected(CONNECT_S)
        except OSError as error:
            log.info("%s is not there: %s", self._shown, error)
            return None
        self._connection, over = connection, threading.Event()
        watcher = threading.Thread(target=self._watch, args=(over,), daemon=True)
        watcher.start()
        try:
            return None if self._stopped.is_set() else self._told(connection, body)
        except (OSError, http.client.HTTPException) as error:
            if self._stopped.is_set():
                return None
            late = isinstance(error, TimeoutError)
            why = f"took over {self._timeout_s:.0f} s" if late else f"broke off ({error!r:.80})"
            raise _failure(f"{self._shown} {why}") from error
        finally:
            over.set()
            self._hang_up()

    def _told(
        self, connection: http.client.HTTPConnection, body: bytes
    ) -> tuple[int, bytes] | None:
        path = self._address.path.rstrip("/") + "/invocations"
        connection.sock.settimeout(self._timeout_s)
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        told = response.read()
        return None if response.status == 503 else (response.status, told)

    def _watch(self, over: threading.Event) -> None:
        """Hang up on a server that went away without a word."""
        missed = 0
        while not over.wait(self._ping_s):
            missed = 0 if self._pings() else missed + 1
            if missed == 3:
                self._hang_up()
                return

    def _pings(self) -> bool:
        try:
            connection = self._connected(CONNECT_S)
            connection.request("GET", self._address.path.rstrip("/") + "/ping")
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            return False
        connection.close()
        return True

    def _connected(self, timeout_s: float) -> http.client.HTTPConnection:
        secure = self._address.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self._address.hostname or "", self._address.port, timeout=timeout_s)
        connection.connect()
        return connection

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None or connection.sock is None:
            return
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)  # wakes who waits for the answer
        except OSError:
            log.debug("the connection was gone already")
        connection.close()


def refusal_of(text: str, otherwise: str) -> StereoSpotError:
    """The error in what a server or its host says: our kind where its JSON is in there."""
    start, end = text.find("{"), text.rfind("}")
    try:
        found: Any = json.loads(text[start : end + 1])
        return error_of(found["error_kind"], str(found["message"])[:_SHOWN])
    except (ValueError, KeyError, TypeError):
        return _failure(f"{otherwise}: {text[:_SHOWN]}")


def _failure(text: str) -> StepError:
    return StepError(ErrorKind.SEGMENT_FAILED, text)
