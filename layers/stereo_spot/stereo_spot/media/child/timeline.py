"""Every shown frame of a film with its time, from one pass over its packets; nothing decoded."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from av.packet import Packet

from stereo_spot.errors import ErrorKind, SourceError
from stereo_spot.media.child.door import Film, check_duration, packets
from stereo_spot.media.child.nals import refreshes_slowly
from stereo_spot.media.guard import MediaLimits

JUMP_BACK_S = 60
KEY_BYTES = 1 << 16
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


class Judge:
    """Decides which packets are shown frames; the same for planning and cutting."""

    def __init__(self, film: Film) -> None:
        self._film = film
        self._codec = film.codec
        self._first_key: int | None = None
        self._latest = 0
        self._jump = int(JUMP_BACK_S / film.time_base)

    def shown(self, packet: Packet[Any]) -> int | None:
        """When the packet's frame is shown; None when it never is."""
        pts = time_of(packet)
        if packet.is_keyframe and not self._film.file.hollow:
            self._film.sizes.look(bytes(memoryview(packet)[:KEY_BYTES]))
        if self._first_key is None:
            if not packet.is_keyframe:
                return None
            self._first_key = self._latest = pts
        self._check_jump(pts)
        if packet.is_discard or pts < self._first_key or self._invisible(packet):
            return None
        return pts

    def _check_jump(self, pts: int) -> None:
        if pts < self._latest - self._jump:
            seconds = float((self._latest - pts) * self._film.time_base)
            raise SourceError(
                ErrorKind.SOURCE_CORRUPT,
                f"the film's clock jumps back by {seconds:.0f} s: "
                "it was joined from pieces without being rewritten",
            )
        self._latest = max(self._latest, pts)

    def _invisible(self, packet: Packet[Any]) -> bool:
        """VP8 keeps pictures that are only referred to in packets of their own."""
        return self._codec == "vp8" and not memoryview(packet)[0] & 0x10


def time_of(packet: Packet[Any]) -> int:
    """When a packet's frame is shown."""
    pts = packet.pts if packet.pts is not None else packet.dts
    if pts is None:
        raise SourceError(ErrorKind.SOURCE_CORRUPT, "a frame of the film has no time")
    return pts


def numbered(film: Film) -> Iterator[tuple[int, Packet[Any]]]:
    """The video packets with their ordinals."""
    return enumerate(packets(film.container, film.video))


def walk(film: Film, limits: MediaLimits) -> Timeline:
    """Pass over the whole film once; over its index alone where that tells everything."""
    film.hollow_media()
    line = _pass(film, limits)
    if film.file.hollow and line.walked != len(film.video.index_entries):
        # A parser that needs the pictures dropped packets of zeros: read them after all.
        film.file.hollow = ()
        start = film.video.index_entries[0].timestamp
        film.container.seek(start, stream=film.video)
        line = _pass(film, limits)
    film.file.hollow = ()
    _check_order(film)
    _finish(line, film, limits)
    return line


def _pass(film: Film, limits: MediaLimits) -> Timeline:
    line = Timeline()
    judge = Judge(film)
    last = -(1 << 62)
    for packet in _all_packets(film, line, limits):
        pts = judge.shown(packet)
        if packet.is_keyframe:
            if len(line.keys) < KEYS_KEPT:
                line.keys.append(_beginning(film, packet))
            line.key_pts.append(time_of(packet))
            line.key_ordinals.append(line.walked)
        if pts is not None:
            line.pts.append(pts)
            line.ordinals.append(line.walked)
            if pts > last:
                last, line.last_duration = pts, packet.duration or 0
        line.walked += 1
    return line


def _all_packets(film: Film, line: Timeline, limits: MediaLimits) -> Iterator[Packet[Any]]:
    """The video packets; those of other streams are only counted."""
    read = _indexed if film.file.hollow else _read
    for total, packet in enumerate(read(film, line), 1):
        if total > limits.max_packets:
            raise SourceError(
                ErrorKind.SOURCE_TOO_MANY_FRAMES,
                f"the file has more than {limits.max_packets} packets",
            )
        if packet.stream_index == film.video.index:
            yield packet


def _indexed(film: Film, line: Timeline) -> Iterator[Packet[Any]]:
    """Packets of zeros; which are keys is known from the index only."""
    film.only(film.video)
    for stream in film.container.streams:
        line.packets[stream.index] = len(stream.index_entries)
    keys = {entry.pos for entry in film.video.index_entries if entry.is_keyframe}
    for packet in packets(film.container, film.video):
        packet.is_keyframe = packet.pos in keys
        yield packet


def _read(film: Film, line: Timeline) -> Iterator[Packet[Any]]:
    for packet in packets(film.container):
        line.packets[packet.stream_index] = line.packets.get(packet.stream_index, 0) + 1
        yield packet


def _beginning(film: Film, packet: Packet[Any]) -> bytes:
    if not film.file.hollow or packet.pos is None:
        return bytes(memoryview(packet)[:KEY_BYTES])
    hollow, film.file.hollow = film.file.hollow, ()
    here = film.file.tell()
    data = film.file.exactly(packet.pos, min(packet.size, KEY_BYTES))
    film.file.seek(here)
    film.file.hollow = hollow
    return data


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
    order = sorted(range(len(line.pts)), key=line.pts.__getitem__)
    line.pts = array("q", (line.pts[i] for i in order))
    line.ordinals = array("q", (line.ordinals[i] for i in order))
    keys = sorted(zip(line.key_pts, line.key_ordinals, strict=True))
    line.key_pts = array("q", (pts for pts, _ in keys))
    line.key_ordinals = array("q", (ordinal for _, ordinal in keys))
    extradata = film.video.codec_context.extradata
    line.slow_keys = any(refreshes_slowly(film.codec, key, extradata) for key in line.keys)
    line.end_pts = line.pts[-1] + max(line.last_duration or _usual_duration(line.pts, film), 1)
    check_duration(float((line.end_pts - line.pts[0]) * film.time_base), limits)


def _usual_duration(pts: array[int], film: Film) -> int:
    if len(pts) > 1:
        return (pts[-1] - pts[0]) // (len(pts) - 1)
    rate = film.video.average_rate or Fraction(25)
    return int(1 / rate / film.time_base)


def key_before(line: Timeline, pts: int) -> int:
    """The packet decoding must begin with to show the frame at `pts`.

    Where keys refresh the picture slowly, one key earlier is needed: it is whole by the next.
    """
    place = bisect_right(line.key_pts, pts) - (2 if line.slow_keys else 1)
    return line.key_ordinals[place] if place >= 0 else 0
