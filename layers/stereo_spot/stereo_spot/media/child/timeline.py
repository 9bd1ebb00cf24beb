"""Every shown frame of a film with its time, from one pass over its packets; nothing decoded."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate, islice
from typing import Any

from av.packet import Packet

from stereo_spot.errors import ErrorKind, SourceError
from stereo_spot.media.child.door import Film, check_duration, packets, time_of
from stereo_spot.media.child.nals import refreshes_slowly
from stereo_spot.media.child.samples import Samples
from stereo_spot.media.guard import MediaLimits

JUMP_BACK_S = 60
KEY_BYTES = 1 << 16
SORTED_TOGETHER = 4096
KEYS_KEPT = 2


@dataclass
class Timeline:
    """What one pass learnt. A packet's ordinal is its place among the video packets."""

    pts: array[int] = field(default_factory=lambda: array("q"))
    """Times of the shown frames, in the order they are shown."""
    ordinals: array[int] = field(default_factory=lambda: array("q"))
    """The packet of each shown frame."""
    key_pts: array[int] = field(default_factory=lambda: array("q"))
    key_ordinals: array[int] = field(default_factory=lambda: array("q"))
    end_pts: int = 0
    """When the last frame stops being shown."""
    last_duration: int = 0
    """What the container says of that; 0 when it says nothing."""
    walked: int = 0
    """Video packets, shown or not."""
    packets: dict[int, int] = field(default_factory=dict)
    """Packets of every stream, by stream index."""
    keys: list[bytes] = field(default_factory=list)
    """The beginnings of the first two key packets."""
    slow_keys: bool = False
    """Whether a key packet alone does not give a whole picture, but only frames later."""

    def note_key(self, pts: int) -> None:
        """The next video packet is a key."""
        self.key_pts.append(pts)
        self.key_ordinals.append(self.walked)

    def note(self, shown: int | None, duration: int) -> None:
        """Take the next video packet, and when it is shown if it is."""
        if shown is not None:
            if shown > self.end_pts or not self.pts:
                self.end_pts, self.last_duration = shown, duration
            self.pts.append(shown)
            self.ordinals.append(self.walked)
        self.walked += 1


class Judge:
    """Decides which frames are shown; the same for planning and cutting."""

    def __init__(self, time_base: Fraction) -> None:
        self._time_base = time_base
        self._first_key: int | None = None
        self._latest = 0
        self._jump = int(JUMP_BACK_S / time_base)

    def shows(self, pts: int, *, key: int, hidden: int) -> int | None:
        """When the next frame is shown; None when it never is."""
        if self._first_key is None:
            if not key:
                return None
            self._first_key = self._latest = pts
        if hidden:
            return None
        self._check_jump(pts)
        return None if pts < self._first_key else pts

    def _check_jump(self, pts: int) -> None:
        if pts < self._latest - self._jump:
            seconds = float((self._latest - pts) * self._time_base)
            raise SourceError(
                ErrorKind.SOURCE_CORRUPT,
                f"the film's clock jumps back by {seconds:.0f} s: "
                "it was joined from pieces without being rewritten",
            )
        self._latest = max(self._latest, pts)


class PacketJudge:
    """Decides it of packets that are read, and looks at the keys among them."""

    def __init__(self, film: Film) -> None:
        self._film = film
        self._judge = Judge(film.time_base)

    def shown(self, packet: Packet[Any]) -> int | None:
        """When the packet's frame is shown; None when it never is."""
        if packet.is_keyframe:
            self._film.sizes.look(bytes(memoryview(packet)[:KEY_BYTES]))
        hidden = packet.is_discard or self._invisible(packet)
        return self._judge.shows(time_of(packet), key=packet.is_keyframe, hidden=hidden)

    def _invisible(self, packet: Packet[Any]) -> bool:
        """VP8 keeps pictures that are only referred to in packets of their own."""
        return self._film.codec == "vp8" and not memoryview(packet)[0] & 0x10


def numbered(film: Film) -> Iterator[tuple[int, Packet[Any]]]:
    """The video packets with their ordinals."""
    return enumerate(packets(film.container, film.video))


def walk(film: Film, samples: Samples | None, limits: MediaLimits) -> Timeline:
    """Pass over the samples of the film, or once over the whole of it where there are none."""
    line = _read(film, limits) if samples is None else _indexed(film, samples, limits)
    _check_order(film)
    _finish(line, film, limits)
    return line


def _indexed(film: Film, samples: Samples, limits: MediaLimits) -> Timeline:
    line, judge = Timeline(), Judge(film.time_base)
    for stream in film.container.streams:
        line.packets[stream.index] = len(stream.index_entries)
    _check_packets(sum(line.packets.values()), limits)
    columns = zip(samples.pts, samples.duration, samples.key, samples.hidden, strict=True)
    for ordinal, (pts, duration, key, hidden) in enumerate(columns):
        shown = judge.shows(pts, key=key, hidden=hidden)
        if key:
            if len(line.keys) < KEYS_KEPT:
                length = min(samples.size[ordinal], KEY_BYTES)
                line.keys.append(film.file.exactly(samples.at[ordinal], length))
                film.sizes.look(line.keys[-1])
            line.note_key(pts)
        line.note(shown, duration)
    return line


def _read(film: Film, limits: MediaLimits) -> Timeline:
    line, judge = Timeline(), PacketJudge(film)
    for total, packet in enumerate(packets(film.container), 1):
        _check_packets(total, limits)
        line.packets[packet.stream_index] = line.packets.get(packet.stream_index, 0) + 1
        if packet.stream_index != film.video.index:
            continue
        shown = judge.shown(packet)
        if packet.is_keyframe:
            if len(line.keys) < KEYS_KEPT:
                line.keys.append(bytes(memoryview(packet)[:KEY_BYTES]))
            line.note_key(time_of(packet))
        line.note(shown, packet.duration or 0)
    return line


def _check_packets(count: int, limits: MediaLimits) -> None:
    if count > limits.max_packets:
        raise SourceError(
            ErrorKind.SOURCE_TOO_MANY_FRAMES,
            f"the file has more than {limits.max_packets} packets",
        )


def _check_order(film: Film) -> None:
    """AVI has no presentation times; only H.264 does not give them away in another manner."""
    if film.demuxer == "avi" and film.codec == "h264" and film.video.codec_context.has_b_frames:
        raise SourceError(
            ErrorKind.SOURCE_UNSUPPORTED_CODEC,
            "the film is H.264 with B-frames in AVI, which does not say when frames are shown; "
            "remux it to mkv or mp4 first",
        )


def _finish(line: Timeline, film: Film, limits: MediaLimits) -> None:
    if not line.pts:
        raise SourceError(ErrorKind.SOURCE_CORRUPT, "the film has no frame that can be shown")
    if len(line.pts) > limits.max_frames:
        raise SourceError(
            ErrorKind.SOURCE_TOO_MANY_FRAMES,
            f"the film has {len(line.pts)} frames; at most {limits.max_frames} are taken",
        )
    put_in_order(line.pts, line.ordinals)
    extradata = film.video.codec_context.extradata
    line.slow_keys = any(refreshes_slowly(film.codec, key, extradata) for key in line.keys)
    line.end_pts = line.pts[-1] + max(line.last_duration or _usual_duration(line.pts, film), 1)
    check_duration(float((line.end_pts - line.pts[0]) * film.time_base), limits)


def put_in_order(times: array[int], places: array[int], together: int = SORTED_TOGETHER) -> None:
    """Sort both columns by time, and what has the same time by place.

    Frames are reordered over short stretches, so the film is sorted in pieces: a list of all its
    frames would take more memory than everything else about it.
    """
    latest = array("q", accumulate(times, max))
    least = array("q", accumulate(reversed(times), min))
    least.reverse()
    start = 0
    for stop, (before, after) in enumerate(zip(latest, islice(least, 1, None), strict=False), 1):
        if before <= after and stop - start >= together:
            _sort(times, places, slice(start, stop))
            start = stop
    _sort(times, places, slice(start, len(times)))


def _sort(times: array[int], places: array[int], within: slice) -> None:
    pairs = sorted(zip(times[within], places[within], strict=True))
    times[within] = array("q", [time for time, _ in pairs])
    places[within] = array("q", [place for _, place in pairs])


def _usual_duration(pts: array[int], film: Film) -> int:
    if len(pts) > 1:
        return (pts[-1] - pts[0]) // (len(pts) - 1)
    rate = film.video.average_rate or Fraction(25)
    return int(1 / rate / film.time_base)


def key_before(line: Timeline, pts: int, ordinal: int) -> int:
    """The packet decoding must begin with to show the frame at `pts`, which is packet `ordinal`.

    Where keys refresh the picture slowly, one key earlier is needed: it is whole by the next.
    """
    place = bisect_right(line.key_ordinals, ordinal) - 1
    while place > 0 and line.key_pts[place] > pts:
        place -= 1
    place -= line.slow_keys
    return line.key_ordinals[place] if place >= 0 else 0
