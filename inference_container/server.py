"""SageMaker's contract, which the `http` backend shares: `GET /ping`, `POST /invocations`.

Ping answers 503 until the models are loaded. An invocation names two objects and answers when the
result is stored; the result itself is never in the answer. A failure is its own status with a
problem of our kinds in JSON.
"""

import json
import logging
import re
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import ValidationError
from stereo_spot.errors import ErrorKind, RequestError, SourceError, StereoSpotError

log = logging.getLogger("stereo_spot.server")

LARGEST_REQUEST = 64 << 10
REQUEST_TIMEOUT_S = 30.0
_LENGTH = re.compile("[0-9]{1,9}")
_STATUS = {ErrorKind.NOT_FOUND: 404, ErrorKind.OUT_OF_MEMORY: 507}


class Server(ThreadingHTTPServer):
    """Answers pings at all times, and invocations once it is given what answers them."""

    daemon_threads = True
    invocations: Any = None

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, Handler)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = REQUEST_TIMEOUT_S

    def do_GET(self) -> None:
        """Ping."""
        if self.path != "/ping":
            self._say(404, {"error_kind": ErrorKind.NOT_FOUND, "message": self.path})
        elif self.server.invocations is None:
            self._say(503, {"status": "loading"})
        else:
            self._say(200, {"status": "ready"})

    def do_POST(self) -> None:
        """Render one segment."""
        status, answer = self._answered()
        try:
            self._say(status, answer)
        except ConnectionError:  # what was made is stored all the same
            self.close_connection = True
            log.info("whoever asked is gone")

    def _answered(self) -> tuple[int, dict[str, Any]]:
        try:
            request = self._request()
            if self.path != "/invocations":
                return 404, {"error_kind": ErrorKind.NOT_FOUND, "message": self.path}
            if self.server.invocations is None:
                return 503, {"status": "loading"}
            return 200, self.server.invocations.answer(request)
        except StereoSpotError as error:
            return _refusal(error.kind, error.message, _status_of(error))
        except Exception:  # one request must not end the server
            log.exception("an invocation failed")
            return _refusal(ErrorKind.INTERNAL, "see the log of the container", 500)

    def _request(self) -> dict[str, Any]:
        length = self.headers.get("Content-Length", "")
        if not _LENGTH.fullmatch(length) or int(length) > LARGEST_REQUEST:
            self.close_connection = True
            text = f"Content-Length {length[:20]!r} is no length"
            raise RequestError(ErrorKind.BAD_REQUEST, text)
        try:
            request = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError) as error:
            raise RequestError(ErrorKind.BAD_REQUEST, f"not JSON: {error}") from None
        if not isinstance(request, dict):
            raise RequestError(ErrorKind.BAD_REQUEST, "a request is a JSON object")
        return request

    def _say(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Pings come every few seconds; they are not news."""
        log.debug(format, *args)


def _refusal(kind: str, message: str, status: int) -> tuple[int, dict[str, Any]]:
    log.warning("an invocation was refused: kind=%s message=%r", kind, message)
    return status, {"error_kind": kind, "message": message}


def _status_of(error: StereoSpotError) -> int:
    if isinstance(error, RequestError):
        return _STATUS.get(error.kind, 400)
    return 422 if isinstance(error, SourceError) else _STATUS.get(error.kind, 500)


def main() -> int:
    """Serve until SIGTERM; 2 for settings that cannot be, 1 when it cannot listen or load."""
    from inference_container.settings import ServerSettings  # what only answers needs none

    logging.basicConfig(level=logging.INFO)
    try:
        settings = ServerSettings()
        server = Server((settings.host, settings.port))
    except ValidationError as error:
        wrong = "; ".join(f"{told['loc'][0]}: {told['msg']}" for told in error.errors())
        log.error("cannot serve: kind=%s message=%s", ErrorKind.BAD_REQUEST, wrong)
        return 2
    except OSError as error:
        log.error("cannot serve: kind=%s message=%s", ErrorKind.PORT_IN_USE, error)
        return 1
    log.info("listening: port=%d", server.server_address[1])
    return _serve(server, settings)


def _serve(server: Server, settings: Any) -> int:
    """Answer pings at once, and invocations when the models are there."""
    from inference_container.loaded import load  # AWS is not needed to answer

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        server.invocations = load(settings)
        log.info("ready: tier=%s", settings.tier)
        threading.Event().wait()
    except StereoSpotError as error:
        log.error("cannot serve: kind=%s message=%s", error.kind, error.message)
        return 1
    finally:
        server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
