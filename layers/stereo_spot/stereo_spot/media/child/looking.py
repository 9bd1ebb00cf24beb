"""Look for scene cuts near a time: the only place in here that decodes pictures."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise

import av.error
from av.video.frame import VideoFrame

from stereo_spot.media import scenes
from stereo_spot.media.child.door import Film, packets
from stereo_spot.media.child.timeline import Timeline


class SceneFinder:
    """Finds scene cuts in short stretches of a film."""

    def __init__(self, film: Film, line: Timeline) -> None:
        self._film = film
        self._line = line
        film.video.codec_context.thread_type = "SLICE"

    def scene_at(self, target: int, earliest: int, latest: int) -> int | None:
        """The first frame of the strongest new scene between two times; None without one."""
        try:
            seen = self._look(earliest, latest)
        except av.error.FFmpegError:
            return None
        changes = [scenes.change(a[1], b[1]) for a, b in pairwise(seen)]
        best = scenes.strongest_cut(changes)
        if best is None:
            return None
        pts = seen[best + 1][0]
        place = bisect_left(self._line.pts, pts)
        return pts if place < len(self._line.pts) and self._line.pts[place] == pts else None

    def _look(self, earliest: int, latest: int) -> list[tuple[int, bytes]]:
        """Times and tiny grey pictures of the frames between two times."""
        self._film.only(self._film.video)
        self._film.container.seek(max(earliest, self._line.pts[0]), stream=self._film.video)
        seen = []
        for frame in self._frames():
            if frame.pts is None or frame.pts < earliest:
                continue
            if frame.pts > latest:
                break
            seen.append((frame.pts, _tiny(frame)))
        return seen

    def _frames(self) -> Iterator[VideoFrame]:
        for packet in packets(self._film.container, self._film.video):
            yield from packet.decode()


def _tiny(frame: VideoFrame) -> bytes:
    small = frame.reformat(scenes.WIDTH, scenes.HEIGHT, "gray")
    plane = small.planes[0]
    rows = memoryview(plane).cast("B")
    return b"".join(
        bytes(rows[y * plane.line_size : y * plane.line_size + scenes.WIDTH])
        for y in range(scenes.HEIGHT)
    )
