"""Open a picture that someone sent: only JPEG and PNG, and only after its header says how large."""

import struct
from typing import Any

from stereo_spot.errors import ErrorKind, RequestError

MAX_BYTES = 32 << 20
MAX_PIXELS = 40_000_000
_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""JPEG markers that carry the size."""


def opened(picture: bytes) -> Any:
    """The pixels: uint8 BGR [H, W, 3].

    Raises:
        RequestError: `bad_request` when it is not a picture, or too large.
    """
    import cv2
    import numpy

    size = _size(picture) if len(picture) <= MAX_BYTES else None
    if size is None:
        raise _refused(f"the picture is no JPEG or PNG of at most {MAX_BYTES >> 20} MiB")
    if not 0 < size[0] * size[1] <= MAX_PIXELS:
        raise _refused(f"the picture is {size[0]}x{size[1]}; at most {MAX_PIXELS} pixels are taken")
    pixels = cv2.imdecode(numpy.frombuffer(picture, numpy.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise _refused("the picture cannot be read")
    return pixels


def _size(picture: bytes) -> tuple[int, int] | None:
    if picture.startswith(b"\x89PNG\r\n\x1a\n") and picture[12:16] == b"IHDR":
        return struct.unpack(">II", picture[16:24]) if len(picture) >= 24 else None
    return _jpeg_size(picture) if picture.startswith(b"\xff\xd8\xff") else None


def _jpeg_size(picture: bytes) -> tuple[int, int] | None:
    """The largest size that any frame header names; decoders do not agree on which one counts."""
    found, at = None, 2
    while at + 9 <= len(picture) and picture[at] == 0xFF:
        marker, length = picture[at + 1], int.from_bytes(picture[at + 2 : at + 4], "big")
        if marker == 0xFF:
            at += 1
            continue
        if marker in _SIZES:
            height, width = struct.unpack(">HH", picture[at + 5 : at + 9])
            found = max(found or (0, 0), (width, height), key=lambda size: size[0] * size[1])
        if marker == 0xDA or length < 2:
            break
        at += 2 + length
    return found


def _refused(message: str) -> RequestError:
    return RequestError(ErrorKind.BAD_REQUEST, message)
