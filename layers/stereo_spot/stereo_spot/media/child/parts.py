"""The rendered segments as one stream of packets that carries the source's times.

Packets are ranked by time within their segment, and rank r of segment s is shown when the source
showed that frame. Durations are never added up, so nothing drifts.
"""

from __future__ import annotations

import contextlib
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av.error
from av.packet import Packet

from stereo_spot.errors import ErrorKind, SourceError, StepError
from stereo_spot.media.child.channel import Channel
from stereo_spot.media.child.door import Film, opened
from stereo_spot.media.child.ranges import RemoteFile
from stereo_spot.media.child.samples import samples_of
from stereo_spot.media.child.timeline import numbered, walk
from stereo_spot.media.guard import MediaLimits

USUAL_DELAY = 2


@dataclass(frozen=True)
class Look:
    """What must be equal in all segments, since the finished film states it once."""

    codec: str
    width: int
    height: int
    pixel_format: str | None
    extradata: bytes | None


@dataclass(frozen=True)
class Schedule:
    """When every frame of the finished film is shown."""

    times: array[int]
    counts: tuple[int, ...]
    end: int
    time_base: Fraction

    def until(self, frame: int) -> int:
        """When a frame stops being shown."""
        return self.times[frame + 1] if frame + 1 < len(self.times) else self.end

    def decoded(self, frame: int) -> int:
        """A decoding time for place `frame`; places before the first count down."""
        return self.times[frame] if frame >= 0 else self.times[0] + frame


class Parts:
    """Reads the segments in order and refuses those that do not belong together."""

    def __init__(self, schedule: Schedule, channel: Channel, limits: MediaLimits) -> None:
        self._schedule = schedule
        self._channel = channel
        self._limits = limits
        self._look: Look | None = None
        self._delay: int | None = None

    def packets(self) -> Iterator[Packet[Any]]:
        """All packets, re-timed."""
        base = 0
        for index, count in enumerate(self._schedule.counts):
            with _naming(index):
                yield from self._segment(index, count, base)
            base += count

    def _segment(self, index: int, count: int, base: int) -> Iterator[Packet[Any]]:
        file = RemoteFile(self._channel, f"part:{index}")
        with opened(file, self._limits) as film:
            ranks = self._ranks(film, count)
        with opened(file, self._limits) as film:
            for ordinal, packet in numbered(film):
                self._retime(packet, base + ranks[ordinal], base + ordinal)
                yield packet

    def _ranks(self, film: Film, count: int) -> array[int]:
        look = _look_of(film)
        self._look = self._look or look
        if look != self._look:
            raise _refused(f"its video is {_say(look)}, that of segment 0 is {_say(self._look)}")
        line = walk(film, samples_of(film, self._limits), self._limits)
        if len(line.pts) != count or line.packets[film.video.index] != count:
            raise _refused(f"it has {len(line.pts)} frames instead of {count}")
        ranks = array("q", bytes(8 * count))
        for rank, ordinal in enumerate(line.ordinals):
            ranks[ordinal] = rank
        self._check_delay(film, max(i - rank for i, rank in enumerate(ranks)))
        return ranks

    def _check_delay(self, film: Film, delay: int) -> None:
        if self._delay is None:
            self._delay = max(USUAL_DELAY, delay, film.video.codec_context.has_b_frames or 0)
        if delay > self._delay:
            raise _refused(f"it reorders frames by {delay}, segment 0 by {self._delay}")

    def _retime(self, packet: Packet[Any], frame: int, place: int) -> None:
        schedule = self._schedule
        packet.time_base = schedule.time_base
        packet.pts = schedule.times[frame]
        packet.dts = schedule.decoded(place - (self._delay or 0))
        packet.duration = schedule.until(frame) - packet.pts


def _look_of(film: Film) -> Look:
    context = film.video.codec_context
    return Look(film.codec, context.width, context.height, context.pix_fmt, context.extradata)


def _say(look: Look) -> str:
    picture = f"{look.codec} {look.width}x{look.height} {look.pixel_format}"
    return f"{picture}, header {zlib.crc32(look.extradata or b''):08x}"


def _refused(why: str) -> StepError:
    return StepError(ErrorKind.ASSEMBLE_FAILED, why)


@contextlib.contextmanager
def _naming(index: int) -> Iterator[None]:
    """Turn what goes wrong with one segment into a refusal that names it."""
    try:
        yield
    except (SourceError, StepError) as error:
        raise _refused(f"segment {index} cannot be joined: {error.message}") from error
    except av.error.FFmpegError as error:
        raise _refused(f"segment {index} cannot be joined: {error.strerror}") from error
