"""The object store of the media benchmark: one film by ranges over HTTP, uploads thrown away."""

import contextlib
import http.client
import http.server
import os
import re
import sys
from pathlib import Path


class Ranges(http.server.BaseHTTPRequestHandler):
    """Serves one file by ranges and takes uploads that it throws away."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    path_served = Path()

    def do_GET(self) -> None:
        size = self.path_served.stat().st_size
        match = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(match[1]) if match else 0
        end = min(int(match[2]) + 1 if match and match[2] else size, size)
        self.send_response(206 if match else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(end - start))
        if match:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.end_headers()
        with self.path_served.open("rb") as file, contextlib.suppress(OSError):
            while start < end:
                start += os.sendfile(self.connection.fileno(), file.fileno(), start, end - start)

    def do_PUT(self) -> None:
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, 1 << 20)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def serve(path: Path) -> None:
    """Be the object store, in a process of its own; prints its port first."""
    Ranges.path_served = path
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ranges)
    print(server.server_address[1], flush=True)
    server.serve_forever()


class HttpReader:
    """A RangeReader over HTTP with one connection kept open."""

    def __init__(self, port: int, size: int) -> None:
        self.size = size
        self._connection = http.client.HTTPConnection("127.0.0.1", port, blocksize=1 << 20)

    def read_at(self, offset: int, length: int) -> bytes:
        return self._ask(offset, length).read()

    def read_into(self, offset: int, view: memoryview) -> int:
        answer, filled = self._ask(offset, len(view)), 0
        while got := answer.readinto(view[filled:]):
            filled += got
        return filled

    def _ask(self, offset: int, length: int) -> http.client.HTTPResponse:
        last = min(offset + length, self.size) - 1
        self._connection.request("GET", "/film", headers={"Range": f"bytes={offset}-{last}"})
        return self._connection.getresponse()

    def close(self) -> None:
        self._connection.close()


def upload(port: int, path: Path) -> None:
    """Store a file as the pipeline would."""
    connection = http.client.HTTPConnection("127.0.0.1", port, blocksize=1 << 20)
    with path.open("rb") as body:
        connection.request("PUT", "/out", body, {"Content-Length": str(path.stat().st_size)})
        connection.getresponse().read()
    connection.close()


class Discard:
    """A RangeWriter that keeps the head only, as an uploader does."""

    head_bytes = 0

    def __init__(self) -> None:
        self.size = 0
        self._head = bytearray()

    def write_at(self, offset: int, data: bytes) -> None:
        if offset < self.head_bytes:
            self._head[offset : offset + len(data)] = data
        self.size = max(self.size, offset + len(data))


class LocalReader:
    """A part on this disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.size = path.stat().st_size

    def read_at(self, offset: int, length: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def close(self) -> None:
        pass


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
