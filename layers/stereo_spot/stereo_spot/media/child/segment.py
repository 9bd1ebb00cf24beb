"""Write one segment: the packets of one window, copied, times counted from the first decoding."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
from av.packet import Packet

from stereo_spot.errors import ErrorKind, SourceError
from stereo_spot.media.child.channel import Channel
from stereo_spot.media.child.door import Film, time_of
from stereo_spot.media.child.ranges import SINK_BUFFER, RemoteSink
from stereo_spot.media.windows import PlannedWindow

FORMATS = {"prores": "mov", "vp8": "matroska"}
"""Containers of the codecs that mp4 cannot hold."""
REORDERING_ROOM_S = 1
MATROSKA_HALF_TICK = Fraction(1, 2000)


def check_times(window: PlannedWindow, times: Sequence[int]) -> None:
    """Refuse a film that shows another number of frames in a window than was planned."""
    if len(times) != window.n_frames:
        raise SourceError(
            ErrorKind.SOURCE_CHANGED,
            f"segment {window.index} has {len(times)} frames, planned were {window.n_frames}",
        )


def tell_segment(
    channel: Channel, window: PlannedWindow, times: Sequence[int], from_time: Fraction | None
) -> None:
    """Say that a segment is whole, and when its frames are shown, in rising order.

    `from_time` is where the window's first frame lies in the file; None where none was written.
    """
    head: dict[str, Any] = {"say": "segment", "index": window.index, "stored": from_time is None}
    if from_time is not None:
        head["from_time"] = str(from_time)
    channel.tell(head, array("q", times).tobytes())


class SegmentWriter:
    """An open segment file."""

    def __init__(self, film: Film, index: int, channel: Channel) -> None:
        self._format = FORMATS.get(film.codec, "mp4")
        self._time_base = film.time_base
        self._base: int | None = None
        self._latest_dts: int | None = None
        options = {"avoid_negative_ts": "disabled"}
        if self._format != "matroska":
            options["video_track_timescale"] = str(film.time_base.denominator)
            # With uneven times and keys only, libav would take an edit list to end too early.
            options["use_editlist"] = "0"
        sink = RemoteSink(channel, f"segment:{index}")
        self._out = av.open(
            sink, "w", format=self._format, options=options, buffer_size=SINK_BUFFER
        )
        self._stream = self._out.add_stream_from_template(film.video, opaque=True)
        self._stream.time_base = film.time_base

    def put(self, packet: Packet[Any]) -> None:
        """Append a packet; the packet is left as it was."""
        pts, dts = time_of(packet), packet.dts
        stream, time_base, duration = packet.stream, packet.time_base, packet.duration
        decoded = self._rising(pts, dts)
        if self._base is None:
            self._base = decoded
        packet.stream = self._stream
        packet.pts = pts - self._base
        packet.dts = decoded - self._base
        self._out.mux(packet)
        packet.stream, packet.time_base = stream, time_base
        packet.pts, packet.dts, packet.duration = pts, dts, duration

    def close(self) -> None:
        """Finish the file."""
        self._out.close()

    def time_in_file(self, pts: int) -> Fraction:
        """Seconds in the file at which the frame with `pts` is shown, for comparing with >=."""
        time = (pts - (self._base or 0)) * self._time_base
        return time - MATROSKA_HALF_TICK if self._format == "matroska" and time else time

    def _rising(self, pts: int, dts: int | None) -> int:
        """A decoding time after the last one; the first unknown one leaves room for reordering."""
        if dts is None:
            room = int(REORDERING_ROOM_S / self._time_base)
            dts = pts - room if self._latest_dts is None else self._latest_dts
        if self._latest_dts is not None:
            dts = max(dts, self._latest_dts + 1)
        self._latest_dts = dts
        return dts
