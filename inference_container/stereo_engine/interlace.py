"""Interlaced film made whole: one progressive frame for every frame that came in."""

from collections import deque
from collections.abc import Iterator

import av
from av.filter import Graph
from av.video.stream import VideoStream

FILTER = "bwdif"
OPTIONS = "mode=send_frame:deint=interlaced"


class Deinterlacer:
    """Passes frames through bwdif, which answers one frame late; progressive ones unchanged."""

    def __init__(self, stream: VideoStream) -> None:
        self._graph = Graph()
        source = self._graph.add_buffer(template=stream)
        weave = self._graph.add(FILTER, OPTIONS)
        sink = self._graph.add("buffersink")
        source.link_to(weave)
        weave.link_to(sink)
        self._graph.configure()
        self._waiting: deque[av.VideoFrame] = deque()

    def push(self, frame: av.VideoFrame | None) -> Iterator[av.VideoFrame]:
        """Give one frame, or None at the end; take what is ready, with the times it came with."""
        if frame is not None:
            self._waiting.append(frame)
        self._graph.push(frame)
        while self._waiting:
            try:
                whole = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            if not isinstance(whole, av.VideoFrame):
                return
            came = self._waiting.popleft()
            whole.pts, whole.time_base = came.pts, came.time_base
            yield whole
