"""Webhooks that go out: one POST to the operator's receiver, signed by the Standard Webhooks rules.

The address is the operator's own, never a user's. No redirect is followed, no proxy asked, and an
attempt is over after a few seconds, however the other side spends them. Three lines sign; a package
for that would be one more for every cold start to load.
"""

import base64
import contextlib
import hashlib
import hmac
import http.client
import ipaddress
import queue
import socket
import threading
import time
from urllib.parse import SplitResult, urlsplit

from stereo_spot.errors import ErrorKind, RequestError

PREFIX = "whsec_"
URL, SECRET = "COMPLETION_WEBHOOK_URL", "COMPLETION_WEBHOOK_SECRET"
_LEAST_KEY, _LARGEST_KEY = 24, 64


class WebhookSender:
    """Delivers messages to one address."""

    def __init__(self, url: str, secrets: str, *, timeout_s: float = 5.0) -> None:
        """Check the settings; nothing is sent.

        Args:
            url: https, or http to this machine.
            secrets: `whsec_...`; several with blanks between sign each message several times, so
                that a receiver can change from one to the next.
            timeout_s: for one attempt as a whole.

        Raises:
            RequestError: `bad_request` naming the setting that is wrong; no secret is shown.
        """
        self._url, self._keys = _address(url), _keys(secrets)
        self._timeout_s = timeout_s

    def deliver(self, message_id: str, text: bytes) -> str | None:
        """Send one message; why the receiver did not take it, or None when it did."""
        connection, over = self._connection(), threading.Event()
        answers: queue.SimpleQueue[int | Exception] = queue.SimpleQueue()

        def send() -> None:
            try:
                connection.connect()
                if not over.is_set():
                    headers = self._headers(message_id, text)
                    connection.request("POST", self._target, text, headers)
                    answers.put(connection.getresponse().status)
            except (OSError, http.client.HTTPException, AttributeError) as error:
                answers.put(error)  # AttributeError: the connection was closed in the middle

        threading.Thread(target=send, daemon=True).start()
        try:
            answer = answers.get(timeout=self._timeout_s)
        except queue.Empty:
            return f"no answer in {self._timeout_s:g} s"
        finally:
            over.set()
            _hang_up(connection)
        if isinstance(answer, Exception):
            return f"{type(answer).__name__}: {answer}"[:200]
        return None if 200 <= answer < 300 else f"answered {answer}"

    @property
    def _target(self) -> str:
        path = self._url.path or "/"
        return f"{path}?{self._url.query}" if self._url.query else path

    def _headers(self, message_id: str, text: bytes) -> dict[str, str]:
        at = str(int(time.time()))
        signed = f"{message_id}.{at}.".encode() + text
        made = (hmac.new(key, signed, hashlib.sha256).digest() for key in self._keys)
        return {
            "content-type": "application/json",
            "user-agent": "stereo-spot",
            "connection": "close",
            "webhook-id": message_id,
            "webhook-timestamp": at,
            "webhook-signature": " ".join("v1," + base64.b64encode(one).decode() for one in made),
        }

    def _connection(self) -> http.client.HTTPConnection:
        secure = self._url.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        made = kind(self._url.hostname or "", self._url.port, timeout=self._timeout_s)
        made.auto_open = 0  # one that was hung up stays so
        return made


def _hang_up(connection: http.client.HTTPConnection) -> None:
    """Close it, and wake the thread that waits on it."""
    held = connection.sock
    if held is not None:
        with contextlib.suppress(OSError):
            held.shutdown(socket.SHUT_RDWR)
    connection.close()


def _address(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        raise _bad(URL, "is no address") from None
    if not (url.isascii() and url.isprintable()) or " " in url or not host or "@" in parts.netloc:
        raise _bad(URL, "must be https://HOST/PATH, in ASCII and without a user")
    if parts.scheme == "https" or (parts.scheme == "http" and _is_here(host)):
        return parts
    raise _bad(URL, "must begin with https://; http:// only leads to this machine")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _keys(secrets: str) -> tuple[bytes, ...]:
    if not secrets.split():
        raise _bad(SECRET, f"must be set where {URL} is")
    return tuple(map(_key, secrets.split()))


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(PREFIX) or not _LEAST_KEY <= len(key) <= _LARGEST_KEY:
        form = f"{PREFIX} and 24 to 64 random bytes in base64"
        raise _bad(SECRET, f"must be {form}; several have blanks between them")
    return key


def _bad(setting: str, why: str) -> RequestError:
    return RequestError(ErrorKind.BAD_REQUEST, f"{setting} {why}")
