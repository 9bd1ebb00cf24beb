"""The head of an mp4 whose media is copied from another: a new index, old descriptions.

ISO/IEC 14496-12 (and QuickTime, where the source is that: its kind and its descriptions are
carried over as they are). The index lies in front; the media is one chunk behind it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from stereo_spot.media.child.door import Film
from stereo_spot.media.child.samples import Samples
from stereo_spot.media.child.track import SHAPE_BYTES, shape, tables

MAX_KIND, MAX_DESCRIPTION = 1 << 10, 1 << 20
UNIT_MATRIX = struct.pack(">9I", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
MEDIA_HEAD = 16
ONE = b"\0\0\0\1"
WITHIN_FILE = 1
UNDETERMINED = 0x55C4


class Source(NamedTuple):
    """What the head of every segment takes from the source."""

    kind: bytes
    """The box that says which family of files this is; empty in early QuickTime."""
    shape: bytes
    """Matrix, width and height."""
    description: bytes
    """The table of sample descriptions, which has one entry."""
    timescale: int


def source_of(film: Film) -> Source | None:
    """What a head needs; None where the film does not keep to the form that a head has."""
    looks = shape(film)
    for table in tables(film, b"stsd"):
        size = table.end - table.start
        content = film.file.exactly(table.start, min(size, MAX_DESCRIPTION))
        if content[4:8] == ONE and len(content) == size and len(looks) == SHAPE_BYTES:
            return Source(_kind(film), looks, _box(b"stsd", content), film.time_base.denominator)
    return None


def _kind(film: Film) -> bytes:
    first = film.top[0]
    if first.kind != b"ftyp":
        return b""
    return _box(b"ftyp", film.file.exactly(first.start, min(first.end - first.start, MAX_KIND)))


def head(
    source: Source,
    samples: Samples,
    within: slice,
    decoded: Sequence[int],
    shown: Sequence[int],
) -> bytes:
    """All of a file that comes before the samples `within`, decoded and shown at these times."""
    spans = [after - at for at, after in pairwise(decoded)]
    spans.append(max(1, samples.duration[within][-1]))
    tables = (
        source.description,
        _runs(b"stts", 0, "I", spans),
        _offsets([time - at for time, at in zip(shown, decoded, strict=True)]),
        _keys(samples.key[within]),
        _full(b"stsc", 0, 0, struct.pack(">IIII", 1, 1, len(spans), 1)),
        _full(b"stsz", 0, 0, bytes(4), _packed("I", samples.size[within])),
    )
    index = _movie(source, sum(spans), *tables, _place(0))
    media_at = len(source.kind) + len(index) + MEDIA_HEAD
    index = _movie(source, sum(spans), *tables, _place(media_at))
    size = MEDIA_HEAD + sum(samples.size[within])
    return source.kind + index + struct.pack(">I4sQ", 1, b"mdat", size)


def _movie(source: Source, lasts: int, *tables: bytes) -> bytes:
    times = struct.pack(">QQIQ", 0, 0, source.timescale, lasts)
    return _box(
        b"moov",
        _full(b"mvhd", 1, 0, times, struct.pack(">IHH8x", 1 << 16, 1 << 8, 0), UNIT_MATRIX,
              struct.pack(">24xI", 2)),
        _box(
            b"trak",
            _full(b"tkhd", 1, 3, struct.pack(">QQI4xQ16x", 0, 0, 1, lasts), source.shape),
            _box(
                b"mdia",
                _full(b"mdhd", 1, 0, times, struct.pack(">HH", UNDETERMINED, 0)),
                _full(b"hdlr", 0, 0, b"\0\0\0\0vide", bytes(12), b"video\0"),
                _box(
                    b"minf",
                    _full(b"vmhd", 0, 1, bytes(8)),
                    _box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1),
                                        _full(b"url ", 0, WITHIN_FILE))),
                    _box(b"stbl", *tables),
                ),
            ),
        ),
    )  # fmt: skip


def _offsets(waits: Sequence[int]) -> bytes:
    return _runs(b"ctts", 1, "i", waits) if any(waits) else b""


def _keys(keys: Sequence[int]) -> bytes:
    """The table of keys; without one every sample is a key."""
    places = [number for number, key in enumerate(keys, 1) if key]
    return _full(b"stss", 0, 0, _packed("I", places)) if len(places) < len(keys) else b""


def _place(media_at: int) -> bytes:
    return _full(b"co64", 0, 0, struct.pack(">IQ", 1, media_at))


def _runs(kind: bytes, version: int, form: str, values: Sequence[int]) -> bytes:
    runs = [(len(list(same)), value) for value, same in groupby(values)]
    packed = b"".join(struct.pack(f">I{form}", *run) for run in runs)
    return _full(kind, version, 0, struct.pack(">I", len(runs)), packed)


def _packed(form: str, values: Sequence[int]) -> bytes:
    """A count, and so many numbers."""
    return struct.pack(f">I{len(values)}{form}", len(values), *values)


def _full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags), *parts)


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body
