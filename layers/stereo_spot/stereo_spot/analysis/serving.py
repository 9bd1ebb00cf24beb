"""A very small JSON server, for health questions and webhooks of a worker."""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, NamedTuple

from stereo_spot.errors import ErrorKind, MachineError

log = logging.getLogger(__name__)
MAX_BODY = 64 << 10
SILENCE_S = 10.0
LOOK_S = 0.1
"""How long closing may take to be noticed."""
MAX_CONNECTIONS = 64


class Asked(NamedTuple):
    """A request; header names in lower case."""

    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """What to say."""

    status: int
    body: Mapping[str, Any]


Route = Callable[[Asked], Answer]


class JsonServer:
    """Serves fixed paths from its own thread until it is closed."""

    def __init__(self, host: str, port: int, routes: Mapping[tuple[str, str], Route]) -> None:
        try:
            self._server = _Server((host, port), type("Handler", (_Handler,), {"routes": routes}))
        except OSError as error:
            raise MachineError(
                ErrorKind.PORT_IN_USE, f"cannot listen on {host}:{port}: {error.strerror}"
            ) from error
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(LOOK_S,), daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.debug("connection broke", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    routes: ClassVar[Mapping[tuple[str, str], Route]] = {}
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "stereo-spot", ""
    timeout = SILENCE_S

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        answer = self._answer()
        body = json.dumps(answer.body).encode()
        plain = "application/json" if answer.status < 400 else "application/problem+json"
        self.send_response(answer.status)
        self.send_header("Content-Type", plain)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def _answer(self) -> Answer:
        path = self.path.partition("?")[0]
        route = self.routes.get((self.command, path))
        if route is None:
            known = any(path == one for _, one in self.routes)
            return problem(405, "wrong method") if known else problem(404, "no such path")
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or self.headers.get("Transfer-Encoding"):
            return problem(411, "a body needs its length")
        if int(length) > MAX_BODY:
            return problem(413, f"a body may have at most {MAX_BODY} bytes")
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            return route(Asked(headers, self.rfile.read(int(length))))
        except Exception:
            log.exception("request failed", extra={"path": path})
            return problem(503, "not available now")

    def log_message(self, format: str, *args: Any) -> None:
        log.debug("request", extra={"line": format % args})


def problem(status: int, detail: str) -> Answer:
    """An error in the common form."""
    return Answer(status, {"type": "about:blank", "status": status, "detail": detail})
