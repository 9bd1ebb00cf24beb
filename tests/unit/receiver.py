"""A real receiver of webhooks: a server in a thread that answers as it is told to."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook

SECRET = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cyBvbmx5"
NEXT_SECRET = "whsec_YW5vdGhlciBzZWNyZXQgb2YgdGhlIHRlc3Rz"


class HttpReceiver:
    """Keeps what was posted; `answers` are given in turn, then 204."""

    def __init__(self, port=0, tls=None):
        self.posts, self.answers = [], []
        """(path, headers, body) of every request; (status, headers) of the answers to come."""
        self.held = threading.Event()
        """Set it, and what holds its answer back lets go."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.posts.append((self.path, dict(self.headers), body))
                status, headers = outer.answers.pop(0) if outer.answers else (204, {})
                if status is None:
                    outer.drip(self.wfile)
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def drip(self, answer):
        """Never silent for long, and never done."""
        try:
            answer.write(b"HTTP/1.1 200 OK\r\nx: ")
            while not self.held.wait(0.02):
                answer.write(b"y")
        except OSError:
            pass

    @property
    def url(self):
        return f"{self._scheme}://127.0.0.1:{self.port}/hook?from=films"

    def messages(self, secret=SECRET):
        """(id, message) of every post, each verified as a receiver does."""
        checked = Webhook(secret)
        return [
            (headers["webhook-id"], checked.verify(body, headers))
            for _path, headers, body in self.posts
        ]

    def close(self):
        self.held.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def listening(port=0, tls=None):
    """A receiver for as long as the block lasts; `tls` is the context of its certificate."""
    receiver = HttpReceiver(port, tls)
    try:
        yield receiver
    finally:
        receiver.close()


def sent_bytes(receiver):
    """Everything that a receiver got to see, as text."""
    return json.dumps([(path, headers, body.decode()) for path, headers, body in receiver.posts])
