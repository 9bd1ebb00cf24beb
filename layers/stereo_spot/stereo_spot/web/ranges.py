"""The arithmetic of ranged answers: which bytes are asked for, and under what name."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

_RANGE = re.compile(r"bytes=(?P<first>\d{0,18})-(?P<last>\d{0,18})", re.ASCII)
_TYPES = {".mp4": "video/mp4", ".mkv": "video/x-matroska"}


@dataclass(frozen=True)
class Span:
    """Bytes first..last of an object, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.last - self.first + 1


class Unsatisfiable(Exception):
    """No byte of the object lies in the range."""


def asked_span(header: str | None, size: int) -> Span | None:
    """The span that a Range header asks for; None means the whole object.

    Several ranges at once, and headers that are no byte range, are answered whole, as the
    standard allows.

    Raises:
        Unsatisfiable: when the range lies outside the object.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found["first"] == found["last"] == "":
        return None
    if found["first"] == "":
        span = Span(max(0, size - int(found["last"])), size - 1)
    else:
        last = int(found["last"]) if found["last"] else size - 1
        if last < int(found["first"]) and found["last"]:
            return None
        span = Span(int(found["first"]), min(last, size - 1))
    if span.length <= 0:
        raise Unsatisfiable
    return span


def disposition(filename: str, shown: str) -> str:
    """A Content-Disposition that every browser understands, whatever the name holds."""
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", filename)[:200]
    kind = "inline" if shown == "inline" else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def media_type(filename: str) -> str:
    """What a browser may take the object for; nothing but a film is ever named."""
    return _TYPES.get(PurePosixPath(filename).suffix, "application/octet-stream")
