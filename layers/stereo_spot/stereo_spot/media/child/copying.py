"""Cut a film whose index tells where everything lies: its media is passed on, not read.

Windows are made one after the other; what two of them share is mostly still at hand.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Collection, Sequence
from itertools import accumulate

from stereo_spot.errors import ErrorKind, SourceError
from stereo_spot.media.child.catalog import Catalog
from stereo_spot.media.child.channel import Channel
from stereo_spot.media.child.head import head
from stereo_spot.media.child.ranges import RemoteFile
from stereo_spot.media.child.segment import check_times, tell_segment
from stereo_spot.media.child.timeline import Judge
from stereo_spot.media.windows import PlannedWindow

NEVER = -(1 << 63)
EARLY_S = 1
SIZE_BYTES = 1 << 12
"""How much of a key is looked at for the size of its picture."""


class Copier:
    """Makes segments of ranges of the source and of heads of its own."""

    def __init__(self, catalog: Catalog, channel: Channel) -> None:
        self._catalog = catalog
        self._samples = catalog.samples
        self._channel = channel

    def cut(self, windows: Sequence[PlannedWindow], have: Collection[int]) -> None:
        """Send every window that is not in `have`, and the frame times of all."""
        shown = self._shown()
        for window in windows:
            within = slice(window.first_packet, window.last_packet + 1)
            times = sorted(
                time for time in shown[within] if window.start_pts <= time < window.end_pts
            )
            check_times(window, times)
            from_time = None
            if window.index not in have:
                zero = self._write(window, self._in_file(window, within, shown[within]), within)
                from_time = (window.from_pts - zero) * self._catalog.time_base
            tell_segment(self._channel, window, times, from_time)

    def _shown(self) -> array[int]:
        """When each sample's frame is shown."""
        judge, samples = Judge(self._catalog.time_base), self._samples
        columns = zip(samples.pts, samples.key, samples.hidden, strict=True)
        times = (judge.shows(pts, key=key, hidden=hidden) for pts, key, hidden in columns)
        return array("q", (NEVER if time is None else time for time in times))

    def _in_file(self, window: PlannedWindow, within: slice, shown: array[int]) -> list[int]:
        """When each frame is shown in the file: what never is comes too early to be wanted.

        Where a film was put together by an edit list, the frames that lead in to a stretch claim
        the time of the stretch before.
        """
        early = window.from_pts - int(EARLY_S / self._catalog.time_base)
        columns = zip(self._samples.pts[within], shown, strict=True)
        return [early if time == NEVER and pts >= window.from_pts else pts for pts, time in columns]

    def _write(self, window: PlannedWindow, shown: Sequence[int], within: slice) -> int:
        """Write the segment of a window; returns when in the source its own time begins."""
        name = f"segment:{window.index}"
        decoded = _rising(self._samples.dts[within])
        try:
            beginning = head(self._catalog.source, self._samples, within, decoded, shown)
        except struct.error as error:
            raise SourceError(
                ErrorKind.SOURCE_CORRUPT,
                f"frames of segment {window.index} are too far apart for any mp4 file",
            ) from error
        self._channel.write(name, 0, beginning)
        self._pass_on(_Passage(self._channel, self._catalog.file, name, len(beginning)), within)
        return decoded[0]

    def _pass_on(self, passage: _Passage, within: slice) -> None:
        samples, file, sizes = self._samples, self._catalog.file, self._catalog.sizes
        columns = (samples.at[within], samples.size[within], samples.key[within])
        for at, size, key in zip(*columns, strict=True):
            if key and sizes.watching:
                looked_at = min(size, SIZE_BYTES)
                if not passage.has(at, looked_at):
                    passage.flush()
                sizes.look(file.exactly(at, looked_at))
            passage.take(at, size)
        passage.flush()


def _rising(times: Sequence[int]) -> list[int]:
    """The same times, each later than the one before."""
    return list(accumulate(times, lambda last, time: max(time, last + 1)))


class _Passage:
    """What goes from the source to one segment; what lies in one slot goes together."""

    def __init__(self, channel: Channel, file: RemoteFile, name: str, at: int) -> None:
        self._channel, self._file = channel, file
        self._name, self._at = name, at
        self._slot = self._start = self._end = 0
        """The slot at hand, and the stretch of the source in it."""
        self._parts: list[tuple[int, int]] = []

    def has(self, at: int, size: int) -> bool:
        """Whether a stretch of the source lies in the slot at hand."""
        return self._start <= at and at + size <= self._end

    def take(self, at: int, size: int) -> None:
        """Append a stretch of the source."""
        while size:
            if not self._start <= at < self._end:
                self.flush()
                file = self._file
                self._slot, before, length = self._channel.blocks.place(file.name, at, file.size)
                self._start = at - before
                self._end = self._start + length
            here = min(size, self._end - at)
            self._add(at - self._start, here)
            at, size = at + here, size - here

    def flush(self) -> None:
        """Pass on what was taken; the slot may be used for something else after this."""
        if self._parts:
            self._channel.pass_on(self._name, self._at, self._slot, self._parts)
            self._at += sum(length for _, length in self._parts)
        self._parts, self._start, self._end = [], 0, 0

    def _add(self, start: int, length: int) -> None:
        if self._parts and sum(self._parts[-1]) == start:
            start, length = self._parts[-1][0], self._parts.pop()[1] + length
        self._parts.append((start, length))
