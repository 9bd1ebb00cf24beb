"""Read the skeleton of a file: mp4 boxes, and the lengths Matroska and AVI declare.

Only headers are read, so a file of any size costs a few small ranges.
"""

from collections.abc import Iterator
from typing import NamedTuple

from stereo_spot.media.child.ranges import RemoteFile

HEADER = 8
LARGE_HEADER = 16
MAX_BOXES = 100_000
SEGMENT_ID = b"\x18\x53\x80\x67"


class Box(NamedTuple):
    """A box: its type and where its contents lie."""

    kind: bytes
    start: int
    end: int


def boxes(file: RemoteFile, start: int, end: int) -> Iterator[Box]:
    """The boxes that lie one after another in a range."""
    for _ in range(MAX_BOXES):
        head = file.exactly(start, LARGE_HEADER)
        if start >= end or len(head) < HEADER:
            return
        size, begin = int.from_bytes(head[:4], "big"), start + HEADER
        if size == 1:
            size, begin = int.from_bytes(head[8:16], "big"), start + LARGE_HEADER
        stop = start + size if size else end
        if stop < begin:
            return
        yield Box(head[4:8], begin, stop)
        start = stop


def find(file: RemoteFile, within: Box, *path: bytes) -> Iterator[Box]:
    """Every box at `path` below `within`."""
    if not path:
        yield within
        return
    for box in boxes(file, within.start, within.end):
        if box.kind == path[0]:
            yield from find(file, box, *path[1:])


def declared_end(file: RemoteFile, demuxer: str) -> int | None:
    """Where the file says it ends; None where it does not say."""
    if demuxer == "matroska":
        return _matroska_end(file)
    if demuxer == "avi":
        size = int.from_bytes(file.exactly(4, 4), "little")
        return HEADER + size if size else None
    return None


def _matroska_end(file: RemoteFile) -> int | None:
    size, after = _vint(file, 4)
    segment = after + (size or 0)
    if size is None or file.exactly(segment, 4) != SEGMENT_ID:
        return None
    length, start = _vint(file, segment + 4)
    return None if length is None else start + length


def _vint(file: RemoteFile, at: int) -> tuple[int | None, int]:
    """A Matroska length (None when unknown) and the offset after it."""
    head = file.exactly(at, 8)
    if not head or not head[0]:
        return None, at
    width = 9 - head[0].bit_length()
    value = int.from_bytes(head[:width], "big") & ((1 << 7 * width) - 1)
    unknown = value == (1 << 7 * width) - 1
    return (None if unknown else value), at + width
