"""Sends an object, whole or a range of it, reading it off the event loop."""

from collections.abc import Iterator

from fastapi import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from stereo_spot.ports import ObjectInfo, RangeReader
from stereo_spot.web.kinds import HttpKind
from stereo_spot.web.problems import HttpError
from stereo_spot.web.ranges import Span, Unsatisfiable, asked_span, disposition, media_type

BLOCK = 1 << 20


class ObjectResponse(StreamingResponse):
    """A span of an object; the reader is closed however the sending ends."""

    def __init__(
        self, reader: RangeReader, span: Span, status: int, headers: dict[str, str]
    ) -> None:
        super().__init__(_blocks(reader, span), status, headers)
        self._reader = reader

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._reader.close()


def object_response(
    request: Request, info: ObjectInfo, reader: RangeReader, *, filename: str, shown: str
) -> Response:
    """The answer to a GET or HEAD of an object; takes over the reader."""
    etag = f'"{info.etag}"'
    headers = {
        "etag": etag,
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "content-type": media_type(filename),
        "content-disposition": disposition(filename, shown),
    }
    given = request.headers
    try:
        span = None
        if given.get("if-range") in (None, etag):
            span = asked_span(given.get("range"), info.size)
    except Unsatisfiable:
        reader.close()
        outside = {"content-range": f"bytes */{info.size}"}
        detail = f"the object has {info.size} bytes"
        raise HttpError(416, HttpKind.RANGE_NOT_SATISFIABLE, detail, outside) from None
    if etag in [tag.strip() for tag in given.get("if-none-match", "").split(",")]:
        reader.close()
        return Response(status_code=304, headers=headers)
    status = 200
    if span is not None:
        status = 206
        headers["content-range"] = f"bytes {span.first}-{span.last}/{info.size}"
    span = span or Span(0, info.size - 1)
    headers["content-length"] = str(span.length)
    if request.method == "HEAD":
        reader.close()
        return Response(status_code=status, headers=headers)
    return ObjectResponse(reader, span, status, headers)


def _blocks(reader: RangeReader, span: Span) -> Iterator[bytes]:
    at, end = span.first, span.last + 1
    while at < end:
        block = reader.read_at(at, min(BLOCK, end - at))
        if not block:
            return
        at += len(block)
        yield block
