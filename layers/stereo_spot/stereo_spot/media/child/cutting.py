"""Cut a film into its planned windows: out of its index, or in one linear pass.

The pass has at most two writers open.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import deque
from typing import Any

from av.packet import Packet

from stereo_spot.errors import ErrorKind, SourceError
from stereo_spot.media.child.catalog import Catalog, catalog_of
from stereo_spot.media.child.channel import Channel
from stereo_spot.media.child.copying import Copier
from stereo_spot.media.child.door import Film, opened
from stereo_spot.media.child.ranges import RemoteFile
from stereo_spot.media.child.samples import samples_of
from stereo_spot.media.child.segment import SegmentWriter, check_times, tell_segment
from stereo_spot.media.child.spool import Spool
from stereo_spot.media.child.timeline import PacketJudge, numbered
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.windows import PlannedWindow

WRITERS = 2


def cut(
    request: dict[str, Any], block: bytes, channel: Channel, limits: MediaLimits
) -> dict[str, Any]:
    """Send every wanted segment, and the frame times of all."""
    windows = [PlannedWindow(**window) for window in request["windows"]]
    have = frozenset(request["have"])
    if isinstance(channel.kept, Catalog):
        Copier(channel.kept, channel).cut(windows, have)
        return {}
    with opened(RemoteFile(channel, "source"), limits) as film:
        film.only(film.video)
        catalog = catalog_of(film, samples_of(film, limits))
        if catalog is not None:
            Copier(catalog, channel).cut(windows, have)
            return {}
        cutter = Cutter(film, windows, have, channel)
        for ordinal, packet in numbered(film):
            cutter.take(ordinal, packet)
            if cutter.finished:
                break
        cutter.check_finished()
    return {}


class Cutter:
    """The state of the pass: which windows are to come, wait for a writer, or are open."""

    def __init__(
        self, film: Film, windows: list[PlannedWindow], have: frozenset[int], channel: Channel
    ) -> None:
        self._film = film
        self._have = have
        self._channel = channel
        self._judge = PacketJudge(film)
        self._starts = [window.start_pts for window in windows]
        self._windows = windows
        self._times = [array("q") for _ in windows]
        self._coming = deque(windows)
        self._waiting: deque[PlannedWindow] = deque()
        self._open: dict[int, SegmentWriter] = {}
        self._passing: set[int] = set()
        """Windows whose segment is stored already; only their times are taken."""
        self._spool = Spool(channel)

    @property
    def finished(self) -> bool:
        """Whether no window needs another packet."""
        return not (self._coming or self._waiting or self._open or self._passing)

    def take(self, ordinal: int, packet: Packet[Any]) -> None:
        """Give the next packet to every window that needs it."""
        self._note_time(self._judge.shown(packet))
        self._admit(ordinal)
        self._spool.keep(ordinal, packet)
        for index, writer in self._open.items():
            if self._windows[index].first_packet <= ordinal:
                writer.put(packet)
        self._settle(ordinal)

    def check_finished(self) -> None:
        """Refuse a film that ended before its plan."""
        if not self.finished:
            raise SourceError(
                ErrorKind.SOURCE_CHANGED, "the film has fewer frames than when it was planned"
            )

    def _note_time(self, pts: int | None) -> None:
        if pts is None or pts < self._starts[0] or pts >= self._windows[-1].end_pts:
            return
        place = bisect_right(self._starts, pts) - 1
        self._times[place].append(pts)

    def _admit(self, ordinal: int) -> None:
        """Open the windows that begin at this packet, or have them wait."""
        while self._coming and self._coming[0].first_packet <= ordinal:
            window = self._coming.popleft()
            if window.index in self._have:
                self._passing.add(window.index)
            elif len(self._open) < WRITERS and not self._waiting:
                self._open[window.index] = self._writer(window)
            else:
                if not self._waiting or self._waiting[-1].first_packet < ordinal:
                    self._spool.begin()
                self._waiting.append(window)

    def _settle(self, ordinal: int) -> None:
        """Close what is complete, and give its place to what waits."""
        for index in [i for i in self._passing if self._windows[i].last_packet <= ordinal]:
            self._passing.remove(index)
            self._close(self._windows[index], None)
        for index in [i for i in self._open if self._windows[i].last_packet <= ordinal]:
            self._close(self._windows[index], self._open.pop(index))
        while self._waiting and len(self._open) < WRITERS:
            self._catch_up(self._waiting.popleft(), ordinal)

    def _catch_up(self, window: PlannedWindow, ordinal: int) -> None:
        writer = self._writer(window)
        last = min(ordinal, window.last_packet)
        for packet in self._spool.replay(window.first_packet, last, self._film.video):
            writer.put(packet)
        if window.last_packet <= ordinal:
            self._close(window, writer)
        else:
            self._open[window.index] = writer
        self._spool.forget(self._waiting[0].first_packet if self._waiting else None)

    def _writer(self, window: PlannedWindow) -> SegmentWriter:
        return SegmentWriter(self._film, window.index, self._channel)

    def _close(self, window: PlannedWindow, writer: SegmentWriter | None) -> None:
        times = sorted(self._times[window.index])
        self._times[window.index] = array("q")
        check_times(window, times)
        from_time = None
        if writer is not None:
            writer.close()
            from_time = writer.time_in_file(window.from_pts)
        tell_segment(self._channel, window, times, from_time)
