"""Decode a film to upright pictures: all of them small, or some of them at a given height."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.filter import Graph
from av.video.frame import VideoFrame

from stereo_spot.errors import ErrorKind, SourceError
from stereo_spot.media.child.channel import Channel
from stereo_spot.media.child.door import Film, opened
from stereo_spot.media.child.ranges import RemoteFile
from stereo_spot.media.child.track import rotation
from stereo_spot.media.guard import MediaLimits

SEEK_BEYOND_S = 4.0
"""How far ahead a wanted picture must lie before seeking to it beats decoding up to it."""
_TURNS = {90: ("transpose", "clock"), 180: ("rotate", "PI"), 270: ("transpose", "cclock")}


def watch(
    request: dict[str, Any], block: bytes, channel: Channel, limits: MediaLimits
) -> dict[str, Any]:
    """Send every frame, at most `height` high."""
    with opened(RemoteFile(channel, "source"), limits) as film:
        shown = Shown(film)
        for time, frame in shown.frames():
            show(channel, shown.upright(frame), request["height"], {"time": float(time)})
            if shown.count > limits.max_frames:
                raise SourceError(
                    ErrorKind.SOURCE_TOO_MANY_FRAMES,
                    f"the film has more than {limits.max_frames} frames",
                )
        return {"end": float(shown.end), "frames": shown.count}


def pick(
    request: dict[str, Any], block: bytes, channel: Channel, limits: MediaLimits
) -> dict[str, Any]:
    """Send the frames that are shown at `times` (rising, seconds from the first frame)."""
    with opened(RemoteFile(channel, "source"), limits) as film:
        shown = Shown(film)
        frames = shown.frames()
        held = next(frames, None)
        ahead = held
        for number, time in enumerate(request["times"]):
            if ahead is not None and time - ahead[0] > SEEK_BEYOND_S:
                frames = shown.frames_from(time)
                ahead = next(frames, None)
                held = ahead or held
            while ahead is not None and ahead[0] <= time:
                held, ahead = ahead, next(frames, None)
            if held is not None:
                head = {"number": number, "time": float(held[0])}
                show(channel, shown.upright(held[1]), request["height"], head)
    return {}


class Shown:
    """The frames of a film as they are shown, timed from the first."""

    def __init__(self, film: Film) -> None:
        self._film = film
        self._turn = _Turn(rotation(film))
        self._first: Fraction | None = None
        self.count = 0
        self.end = Fraction(0)
        film.only(film.video)
        film.video.codec_context.thread_count = 2

    def frames(self) -> Iterator[tuple[Fraction, VideoFrame]]:
        """All from here on."""
        for frame in self._film.container.decode(self._film.video):
            if frame.pts is None:
                continue
            time = self.time_of(frame)
            if time < 0:
                continue
            self.count += 1
            self.end = max(self.end, time + self._length(frame))
            yield time, frame

    def frames_from(self, time: float) -> Iterator[tuple[Fraction, VideoFrame]]:
        """Those from the key frame at or before `time` on."""
        pts = int((Fraction(str(time)) + (self._first or 0)) / self._film.time_base)
        self._film.container.seek(pts, stream=self._film.video)
        return self.frames()

    def time_of(self, frame: VideoFrame) -> Fraction:
        """Seconds since the first frame."""
        time = (frame.pts or 0) * (frame.time_base or self._film.time_base)
        if self._first is None:
            self._first = time
        return time - self._first

    def upright(self, frame: VideoFrame) -> VideoFrame:
        """The picture as a viewer sees it."""
        return self._turn(frame)

    def _length(self, frame: VideoFrame) -> Fraction:
        if frame.duration:
            return frame.duration * (frame.time_base or self._film.time_base)
        return 1 / (self._film.video.average_rate or Fraction(25))


class _Turn:
    """Turns pictures clockwise by a multiple of 90 degrees."""

    def __init__(self, degrees: int) -> None:
        self._how = _TURNS.get(round(degrees / 90) * 90 % 360)
        self._graph: Graph | None = None

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        if self._how is None:
            return frame
        if self._graph is None:
            self._graph = Graph()
            source = self._graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=frame.format,
                time_base=frame.time_base or Fraction(1, 1000),
            )
            turn = self._graph.add(*self._how)
            source.link_to(turn)
            turn.link_to(self._graph.add("buffersink"))
            self._graph.configure()
        self._graph.push(frame)
        turned = self._graph.pull()
        if not isinstance(turned, av.VideoFrame):
            raise SourceError(ErrorKind.SOURCE_CORRUPT, "a frame cannot be turned upright")
        return turned


def fitted(frame: VideoFrame, height: int) -> tuple[int, int]:
    """Width (even) and height of a picture made at most `height` high."""
    tall = min(height, frame.height)
    return max(2, round(frame.width * tall / frame.height / 2) * 2), tall


def show(channel: Channel, frame: VideoFrame, height: int, head: dict[str, Any]) -> None:
    """Send one frame, at most `height` high."""
    width, tall = fitted(frame, height)
    small = frame.reformat(width, tall, "bgr24", interpolation="AREA")
    plane = small.planes[0]
    rows = memoryview(plane).cast("B")
    line, wanted = plane.line_size, width * 3
    data = (
        rows[: wanted * tall]
        if line == wanted
        else b"".join(rows[y * line : y * line + wanted] for y in range(tall))
    )
    channel.tell({"say": "picture", "width": width, "height": tall, **head}, data)
