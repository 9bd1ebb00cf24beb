"""The scene cut next to a time: of those that are known, or by showing the pictures around it."""

import contextlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction

import av.error
from av.video.frame import VideoFrame

from stereo_spot.media.child.channel import Channel
from stereo_spot.media.child.door import Film, packets
from stereo_spot.media.child.pictures import show
from stereo_spot.media.child.timeline import Timeline
from stereo_spot.media.scenes import AROUND, LOOK_HEIGHT, SHORTEST_S

HAIR = Fraction(1, 1000)
"""Times of cuts are rounded; a frame is this much early at the most."""


class SceneFinder:
    """Finds the first frame of a scene; the detector itself works outside of this process."""

    def __init__(
        self, film: Film, line: Timeline, channel: Channel, known: Sequence[float] | None
    ) -> None:
        self._film, self._line, self._channel = film, line, channel
        self._known = None if known is None else self._first_frames(known)
        film.video.codec_context.thread_type = "SLICE"

    def scene_at(self, target: int, earliest: int, latest: int) -> int | None:
        """The first frame of the new scene nearest to `target` in a stretch; None without one."""
        found = self._look(earliest, latest) if self._known is None else self._known
        near = [pts for pts in found if earliest <= pts <= latest]
        return min(near, key=lambda pts: abs(pts - target), default=None)

    def _first_frames(self, cuts: Sequence[float]) -> list[int]:
        """The frames that are on screen at these times, in seconds from the first frame."""
        pts, base = self._line.pts, self._film.time_base
        places = (bisect_right(pts, pts[0] + (Fraction(cut) + HAIR) / base) for cut in cuts)
        return [pts[max(0, place - 1)] for place in places]

    def _look(self, earliest: int, latest: int) -> list[int]:
        """Show the frames between two times, with as many around them as the detector needs."""
        pts, base = self._line.pts, self._film.time_base
        first = bisect_left(pts, earliest - Fraction(SHORTEST_S) / base) - AROUND - 1
        last = bisect_right(pts, latest) + AROUND
        begin, end = pts[max(0, first)], pts[min(last, len(pts) - 1)]
        with contextlib.suppress(av.error.FFmpegError):  # what was shown before still counts
            for frame in self._frames(begin, end):
                time = float(((frame.pts or 0) - pts[0]) * base)
                show(self._channel, frame, LOOK_HEIGHT, {"time": time})
        return self._first_frames(self._channel.ask({"say": "cuts"}).wait()["cuts"])

    def _frames(self, begin: int, end: int) -> Iterator[VideoFrame]:
        self._film.only(self._film.video)
        self._film.container.seek(begin, stream=self._film.video)
        for packet in packets(self._film.container, self._film.video):
            for frame in packet.decode():
                if frame.pts is not None and begin <= frame.pts <= end:
                    yield frame
                if frame.pts is not None and frame.pts >= end:
                    return
