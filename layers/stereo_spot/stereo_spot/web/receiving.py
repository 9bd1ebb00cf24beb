"""Takes the body of an upload to disk, in bounded memory."""

import asyncio
from collections.abc import Callable

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from stereo_spot.errors import ErrorKind
from stereo_spot.web.kinds import HttpKind
from stereo_spot.web.problems import HttpError

BLOCK = 1 << 20
SILENCE_S = 60.0

WriteAt = Callable[[int, bytes], object]


def declared_length(request: Request, limit: int) -> int:
    """How long the body says it is.

    Raises:
        HttpError: 411 without a length, 413 above `limit`.
    """
    text = request.headers.get("content-length", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise HttpError(411, HttpKind.LENGTH_REQUIRED, "an upload states its Content-Length")
    if int(text) > limit:
        detail = f"{text} bytes are more than the {limit} that are accepted"
        raise HttpError(413, ErrorKind.SOURCE_TOO_LARGE, detail)
    return int(text)


async def receive_body(request: Request, length: int, write_at: WriteAt) -> None:
    """Write the body with `write_at`, a block at a time, off the event loop.

    Raises:
        HttpError: when the client goes away, falls silent, or sends another length.
    """
    held, written = bytearray(), 0
    body = request.stream().__aiter__()
    try:
        while True:
            chunk = await asyncio.wait_for(anext(body, None), SILENCE_S)
            if chunk is not None:
                held += chunk
            if written + len(held) > length:
                break
            if held and (chunk is None or len(held) >= BLOCK):
                await run_in_threadpool(write_at, written, bytes(held))
                written += len(held)
                held.clear()
            if chunk is None:
                break
    except (ClientDisconnect, TimeoutError) as error:
        detail = f"the upload stopped after {written + len(held)} of {length} bytes"
        raise HttpError(408, HttpKind.TIMEOUT, detail) from error
    if written != length:
        detail = f"{written + len(held)} bytes came, {length} were announced"
        raise HttpError(400, HttpKind.UPLOAD_INCOMPLETE, detail)
