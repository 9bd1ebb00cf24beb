"""Frames into a file: one encoder set-up for all segments of a film, so that they join."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import av
import cv2
from av.video.stream import VideoStream

from stereo_engine.colour import Colour
from stereo_engine.encoders import SOFTWARE, encoder_of, hardware_options
from stereo_engine.errors import EngineError
from stereo_engine.recipe import Mode, Recipe

FRAME_BASE = Fraction(1, 30)
"""Frame i is shown at i of these; the film's own timing comes back when segments are joined."""
TRACK_TIMESCALE = 30_000
KEYFRAME_EVERY = 60
LONGEST_DELAY = 8
"""Frames; with two B-frames in a row a picture is never decoded earlier than that."""
ENCODER_THREADS = 2
"""Fixed, because the encoded bytes depend on it."""
AVX_512F = 13
"""OpenCV's number of this processor feature."""
H264_WIDEST = 4096
FRAME_PACKING = {
    Mode.SBS: 3,
    Mode.HALF_SBS: 3,
    Mode.TOP_BOTTOM: 4,
    Mode.HALF_TOP_BOTTOM: 4,
}


def effective_codec(recipe: Recipe, width: int) -> str:
    """The codec used: pictures wider than H.264 players take go to HEVC."""
    return "hevc" if width > H264_WIDEST else recipe.codec


def encoder_options(recipe: Recipe, codec: str, mode: str) -> dict[str, str]:
    """Every setting that shapes the stream, for libx264 or libx265.

    On machines with AVX-512 x264 is held to AVX2: its AVX-512 lookahead reads memory that it never
    wrote where the width is no multiple of 64, and the same pictures give other bytes every time.
    """
    shared = {
        "bframes": "2",
        "keyint": str(KEYFRAME_EVERY),
        "open-gop": "0",
    }
    if codec == "h264":
        shared |= {"b-pyramid": "none", "threads": str(ENCODER_THREADS)}
        shared |= {"asm": "avx2"} if cv2.checkHardwareSupport(AVX_512F) else {}
        if mode in FRAME_PACKING:
            shared["frame-packing"] = str(FRAME_PACKING[Mode(mode)])
        key = "x264-params"
    else:
        shared |= {"b-pyramid": "0", "frame-threads": "1", "pools": str(ENCODER_THREADS)}
        shared |= {"log-level": "error"} | ({"lossless": "1"} if recipe.crf == 0 else {})
        key = "x265-params"
    parameters = ":".join(f"{name}={value}" for name, value in shared.items())
    return {"preset": recipe.preset, "crf": str(recipe.crf), key: parameters}


class Writer:
    """A video-only mp4 that appears under its name only when it is whole."""

    def __init__(
        self,
        path: Path,
        *,
        size: tuple[int, int],
        colour: Colour,
        sample_aspect_ratio: Fraction,
        mode: str,
        recipe: Recipe,
        hardware: bool = False,
    ) -> None:
        self.size = size
        self._path = path
        self._partial = path.with_name(f".{path.name}.part")
        self.codec = effective_codec(recipe, size[0])
        self.encoder = encoder_of(self.codec, recipe, hardware=hardware)
        try:
            self._partial.touch()
        except OSError as error:
            raise EngineError("output_unwritable", f"{path}: {error.strerror}") from None
        timescale = {"video_track_timescale": str(TRACK_TIMESCALE)}
        self._container = av.open(str(self._partial), "w", format="mp4", options=timescale)
        self._frames = 0
        self._stream = self._open_stream(size, colour, recipe, mode)
        self._stream.sample_aspect_ratio = sample_aspect_ratio

    def _open_stream(
        self, size: tuple[int, int], colour: Colour, recipe: Recipe, mode: str
    ) -> VideoStream:
        options = (
            encoder_options(recipe, self.codec, mode)
            if self.encoder == SOFTWARE[self.codec]
            else hardware_options(recipe, KEYFRAME_EVERY)
        )
        added = self._container.add_stream(self.encoder, rate=int(1 / FRAME_BASE), options=options)
        stream = cast(VideoStream, added)
        context = stream.codec_context
        context.width, context.height = size
        context.pix_fmt = recipe.pix_fmt
        context.time_base = FRAME_BASE
        context.thread_count = ENCODER_THREADS
        context.colorspace, context.color_range = colour.matrix, colour.range
        context.color_primaries, context.color_trc = colour.primaries, colour.transfer
        if self.codec == "hevc":
            context.codec_tag = "hvc1"
        return stream

    def write(self, frame: av.VideoFrame) -> None:
        """Append one frame of the writer's size."""
        frame.pts, frame.time_base = self._frames, FRAME_BASE
        self._mux(frame)
        self._frames += 1

    def _mux(self, frame: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(frame):
            if packet.pts is not None and packet.dts is not None:
                late = packet.pts - packet.dts
                if not 0 <= late <= LONGEST_DELAY:
                    packet.dts = packet.pts  # of a film of one frame x265 tells any time at all
            self._container.mux(packet)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._mux(None)
            self._container.close()
            if error is None:
                self._partial.replace(self._path)
        finally:
            self._partial.unlink(missing_ok=True)
