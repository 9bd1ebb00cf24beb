"""Frames out of a file: guarded, upright, even-sized, 8-bit 4:2:0, with their times."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av

from stereo_engine import hdr
from stereo_engine.colour import Colour, colour_of
from stereo_engine.errors import EngineError
from stereo_engine.guard import open_media, video_stream
from stereo_engine.interlace import Deinterlacer
from stereo_engine.picture import Picture, padded, turned, views

DECODER_THREADS = 2


@dataclass(frozen=True)
class Decoded:
    """One decoded frame and when it is shown, in seconds."""

    frame: av.VideoFrame
    at: Fraction | None

    @property
    def sound(self) -> bool:
        """Whether the decoder had all it needed for this frame."""
        return not self.frame.is_corrupt


class Reader:
    """The picture stream of one file, decoded in order of presentation."""

    def __init__(self, path: Path) -> None:
        self._container = open_media(path)
        try:
            self._stream = video_stream(self._container)
        except EngineError:
            self._container.close()
            raise
        context = self._stream.codec_context
        context.thread_type = "AUTO"
        context.thread_count = DECODER_THREADS
        self.sample_aspect_ratio = self._stream.sample_aspect_ratio or Fraction(1)
        self.warnings: list[str] = []
        self._woven: bool | None = None
        self._deinterlacer: Deinterlacer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._container.close()

    def frames(self) -> Iterator[Decoded]:
        """Every frame the file holds.

        Raises:
            EngineError: `source_corrupt` where a packet cannot be decoded, `source_truncated`
                where the index promises more packets than the file has.
        """
        packets = 0
        try:
            for packet in self._container.demux(self._stream):
                packets += packet.size > 0
                for frame in self._whole(packet.decode(), last=not packet.size):
                    yield Decoded(frame, _time_of(frame))
        except av.error.FFmpegError as error:
            text = f"cannot be decoded after {packets} packets: {error.strerror}"
            raise EngineError("source_corrupt", text) from None
        self._check_complete(packets)

    def _whole(self, frames: list[av.VideoFrame], *, last: bool) -> Iterator[av.VideoFrame]:
        """The frames, deinterlaced where the first of the film is interlaced."""
        for frame in frames:
            if self._woven is None:
                self._woven = frame.interlaced_frame
                if self._woven:
                    self.warn("interlaced source deinterlaced")
                    self._deinterlacer = Deinterlacer(self._stream)
            if self._deinterlacer is None:
                yield frame
            else:
                yield from self._deinterlacer.push(frame)
        if last and self._deinterlacer is not None:
            yield from self._deinterlacer.push(None)

    def _check_complete(self, packets: int) -> None:
        if "mp4" not in self._container.format.name:
            return
        promised = len(self._stream.index_entries)
        if packets < promised:
            text = f"the index promises {promised} frames, the file has {packets}"
            raise EngineError("source_truncated", text)

    def picture(
        self, frame: av.VideoFrame, size: tuple[int, int] | None, pix_fmt: str = "yuv420p"
    ) -> Picture:
        """The frame as an upright, even-sized eye; `size` asks for a scaled one."""
        colour = colour_of(frame)
        turns = round(frame.rotation / 90) % 4
        if colour.is_hdr:
            self.warn("HDR source tone-mapped to SDR (BT.709)")
            frame, colour = hdr.to_sdr(frame, colour)
        if size or frame.format.name not in _kept(pix_fmt):
            lying = size[::-1] if size and turns % 2 else size
            frame = _converted(frame, colour, lying, pix_fmt)
        planes = views(frame)
        if turns:
            planes = turned(planes, turns)
        if planes[0].shape[0] % 2 or planes[0].shape[1] % 2:
            self.warn("odd picture size padded to even")
            planes = padded(planes)
        return Picture(planes, colour)

    def warn(self, text: str) -> None:
        """Note once what was done to the picture that a user should know."""
        if text not in self.warnings:
            self.warnings.append(text)


def upright_size(frame: av.VideoFrame) -> tuple[int, int]:
    """Width and height after the rotation that the file asks for."""
    turned_sideways = round(frame.rotation / 90) % 2
    return (frame.height, frame.width) if turned_sideways else (frame.width, frame.height)


def _kept(pix_fmt: str) -> tuple[str, ...]:
    """The source formats whose samples are used as they are."""
    return ("yuv420p", "yuvj420p") if pix_fmt == "yuv420p" else (pix_fmt,)


def _converted(
    frame: av.VideoFrame, colour: Colour, size: tuple[int, int] | None, pix_fmt: str
) -> av.VideoFrame:
    width, height = size or (frame.width, frame.height)
    return frame.reformat(
        width=width,
        height=height,
        format=pix_fmt,
        src_colorspace=colour.matrix,
        dst_colorspace=colour.matrix,
        src_color_range=colour.range,
        dst_color_range=colour.range,
        interpolation="AREA" if size else "BICUBIC",
    )


def _time_of(frame: av.VideoFrame) -> Fraction | None:
    if frame.pts is None or frame.time_base is None:
        return None
    return frame.pts * frame.time_base
