"""The video track of an mp4 as its index tells it: where every sample lies, and when it is shown.

What edit lists hide or shift, libav has worked out when it opened the film; how frames are
reordered, which it keeps to itself, is read from the tables. Of the media only the first sample
is touched.
"""

from __future__ import annotations

import contextlib
import sys
from array import array
from collections.abc import Sequence
from itertools import chain, repeat
from typing import NamedTuple

from stereo_spot.errors import ErrorKind, SourceError
from stereo_spot.media.child.door import Film, open_container, packets, time_of
from stereo_spot.media.child.track import tables
from stereo_spot.media.guard import MediaLimits

TABLE_HEAD = 8


class Samples(NamedTuple):
    """Columns with one entry for each sample that holds anything, in the order of decoding."""

    at: array[int]
    """Offset in the file."""
    size: array[int]
    pts: array[int]
    dts: array[int]
    duration: array[int]
    key: bytearray
    hidden: bytearray
    """Whether an edit list says that it is never shown."""


def samples_of(film: Film, limits: MediaLimits) -> Samples | None:
    """The samples of the film; None where its index alone does not tell.

    That is so in other containers, in fragments, and where the tables contradict each other. In
    each case the demuxer stands at the beginning of the film.

    Raises:
        SourceError: `source_truncated` where the index names bytes that are not there.
    """
    kinds = {box.kind for box in film.top}
    if b"moov" not in kinds or b"moof" in kinds or film.codec == "vp8":
        return None
    durations, offsets = _runs(film, b"stts"), _runs(film, b"ctts")
    total = sum(durations[::2])
    if min(durations[::2] + offsets[::2], default=-1) < 0 or sum(offsets[::2]) not in (0, total):
        return None
    numbers = _numbers(film, total, limits)
    if numbers is None:
        return None
    found = _columns(film, numbers, _spread(durations), _spread(offsets) or [0] * total)
    return found if _anchor(film, found) else None


def _runs(film: Film, kind: bytes) -> array[int]:
    """The counts and values of a run-length table, in turn; nothing where there is no such table.

    Values are signed: offsets may be below zero.
    """
    found = array("i")
    for table in tables(film, kind):
        count = int.from_bytes(film.file.exactly(table.start + 4, 4), "big")
        found.frombytes(film.file.exactly(table.start + TABLE_HEAD, 2 * count * found.itemsize))
    if sys.byteorder == "little":
        found.byteswap()
    return found


def _numbers(film: Film, total: int, limits: MediaLimits) -> Sequence[int] | None:
    """For every entry of the demuxer's index, the number of its sample in the tables."""
    listed = film.video.index_entries
    if len(listed) == total:
        return range(total)
    here = film.file.tell()
    options = {"ignore_editlist": "1"}
    with contextlib.closing(open_container(film.file, "mov", limits.max_pixels, options)) as whole:
        every = whole.streams[film.video.index].index_entries
        places = {entry.pos: number for number, entry in enumerate(every) if entry.size}
        fits = len(every) == total
    film.file.seek(here)
    if not fits or any(entry.size and entry.pos not in places for entry in listed):
        return None
    return [places.get(entry.pos, 0) for entry in listed]


def _spread(runs: array[int]) -> array[int]:
    """Every value as often as its count says."""
    pairs = zip(runs[::2], runs[1::2], strict=True)
    return array("i", chain.from_iterable(repeat(value, count) for count, value in pairs))


def _columns(
    film: Film, numbers: Sequence[int], durations: Sequence[int], offsets: Sequence[int]
) -> Samples:
    found = _room_for(len(numbers))
    count = 0
    for entry, number in zip(film.video.index_entries, numbers, strict=True):
        at, size, dts = entry.pos, entry.size, entry.timestamp
        if not size:
            continue
        if at + size > film.file.size:
            raise SourceError(
                ErrorKind.SOURCE_TRUNCATED,
                f"the film's index names bytes up to {at + size}, the file ends after "
                f"{film.file.size}",
            )
        found.at[count], found.size[count] = at, size
        found.dts[count], found.pts[count] = dts, dts + offsets[number]
        found.duration[count] = durations[number]
        found.key[count], found.hidden[count] = entry.is_keyframe, entry.is_discard
        count += 1
    for column in found:
        del column[count:]
    return found


def _room_for(count: int) -> Samples:
    """Columns of zeros: growing ones would leave holes in a memory that is short."""
    wide, narrow = bytes(8 * count), bytes(4 * count)
    at, pts, dts = array("q", wide), array("q", wide), array("q", wide)
    size, duration = array("i", narrow), array("i", narrow)
    return Samples(at, size, pts, dts, duration, bytearray(count), bytearray(count))


def _anchor(film: Film, found: Samples) -> bool:
    """Shift the shown times to where libav sees the first sample; False if it sees another one."""
    first = next(packets(film.container, film.video), None)
    film.container.seek(found.dts[0] if found.dts else 0, stream=film.video)
    if first is None or first.pos != found.at[0] or first.size != found.size[0]:
        return False
    shift = time_of(first) - found.pts[0]
    if shift:
        for place, pts in enumerate(found.pts):
            found.pts[place] = pts + shift
    return True
