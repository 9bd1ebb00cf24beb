"""Open one untrusted film: demuxer from its magic bytes, whitelists, limits, one video stream."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NoReturn

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition, Stream
from av.video.stream import VideoStream

from stereo_spot.errors import ErrorKind, SourceError
from stereo_spot.media import guard
from stereo_spot.media.child import boxes
from stereo_spot.media.child.boxes import Box
from stereo_spot.media.child.ranges import RemoteFile
from stereo_spot.media.child.sizes import SizeWatch, check_descriptions, check_size
from stereo_spot.media.child.tables import check_tables
from stereo_spot.media.guard import MediaLimits

NOT_VIDEO = Disposition.attached_pic | Disposition.timed_thumbnails


@dataclass
class Film:
    """An opened film."""

    file: RemoteFile
    demuxer: str
    container: InputContainer
    video: VideoStream
    top: tuple[Box, ...]
    """The outermost boxes; empty where the film is not mp4 or mov."""
    sizes: SizeWatch

    @property
    def time_base(self) -> Fraction:
        """The unit of the video's times."""
        return self.video.time_base or Fraction(1, 1000)

    @property
    def codec(self) -> str:
        """The video codec's common name."""
        return self.video.codec.canonical_name

    def only(self, *streams: Any) -> None:
        """Have the demuxer pass over every other stream."""
        wanted = {stream.index for stream in streams}
        for stream in self.container.streams:
            stream.discard = Discard.default if stream.index in wanted else Discard.all


@contextlib.contextmanager
def opened(file: RemoteFile, limits: MediaLimits) -> Iterator[Film]:
    """Open `file` and check its header against `limits`."""
    if file.size > limits.max_bytes:
        raise SourceError(
            ErrorKind.SOURCE_TOO_LARGE,
            f"the file has {file.size} bytes; at most {limits.max_bytes} are taken",
        )
    demuxer = guard.sniff(file.exactly(0, guard.HEAD_BYTES))
    top = tuple(boxes.boxes(file, 0, file.size)) if demuxer == "mov" else ()
    _check_whole(file, demuxer, top, limits)
    check_tables(file, top)
    check_descriptions(file, top)
    with contextlib.closing(open_container(file, demuxer, limits.max_pixels)) as container:
        video = _pick_video(container)
        _check(container, video, limits)
        video.codec_context.options = {"max_pixels": str(limits.max_pixels)}
        codec, extradata = video.codec.canonical_name, video.codec_context.extradata
        sizes = SizeWatch(codec, extradata, limits)
        yield Film(file, demuxer, container, video, top, sizes)


def open_container(
    file: RemoteFile, demuxer: str, max_pixels: int, options: Mapping[str, str] | None = None
) -> InputContainer:
    """Open with one demuxer that may follow nothing; larger pictures are not even tried."""
    file.seek(0)
    try:
        return av.open(
            file,
            "r",
            format=demuxer,
            options={**guard.GUARD, "max_pixels": str(max_pixels), **(options or {})},
            metadata_errors="replace",
            io_open=_refuse_to_open,
        )
    except av.error.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        raise SourceError(
            ErrorKind.SOURCE_CORRUPT, f"the file's header cannot be read: {error.strerror}"
        ) from error


def _refuse_to_open(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise SourceError(
        ErrorKind.SOURCE_FORBIDDEN_FORMAT, f"the file refers to another place: {url!r:.200}"
    )


def _check_whole(file: RemoteFile, demuxer: str, top: tuple[Box, ...], limits: MediaLimits) -> None:
    if demuxer == "mov":
        if any(box.end > file.size for box in top):
            _refuse_truncated(file, demuxer, top, limits)
        if not any(box.kind == b"moov" for box in top):
            raise SourceError(
                ErrorKind.SOURCE_TRUNCATED,
                f"the file has no index (moov) in its {file.size} bytes: it was cut short or "
                "never finished",
            )
    end = boxes.declared_end(file, demuxer)
    if end is not None and end > file.size:
        raise SourceError(
            ErrorKind.SOURCE_TRUNCATED, f"the file ends after {file.size} of {end} bytes"
        )


def _refuse_truncated(
    file: RemoteFile, demuxer: str, top: tuple[Box, ...], limits: MediaLimits
) -> NoReturn:
    message = f"the file ends after {file.size} of {max(box.end for box in top)} bytes"
    if any(box.kind == b"moov" and box.end <= file.size for box in top):
        with contextlib.closing(open_container(file, demuxer, limits.max_pixels)) as container:
            entries = list(_pick_video(container).index_entries)
            whole = sum(entry.pos + entry.size <= file.size for entry in entries)
            message += f": {whole} of {len(entries)} frames are there"
    raise SourceError(ErrorKind.SOURCE_TRUNCATED, message)


def _pick_video(container: InputContainer) -> VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & NOT_VIDEO:
            return stream
    what = "only sound" if container.streams.audio else "no picture track"
    raise SourceError(ErrorKind.SOURCE_NO_VIDEO, f"the file has {what}")


def _check(container: InputContainer, video: VideoStream, limits: MediaLimits) -> None:
    if len(container.streams) > limits.max_streams:
        raise SourceError(
            ErrorKind.SOURCE_FORBIDDEN_FORMAT,
            f"the file has {len(container.streams)} tracks; at most {limits.max_streams} are taken",
        )
    _check_codec(video)
    _check_picture(video, limits)
    rate = video.average_rate or Fraction(0)
    if rate > limits.max_frame_rate:
        raise SourceError(
            ErrorKind.SOURCE_TOO_MANY_FRAMES,
            f"the film has {float(rate):g} frames per second; at most "
            f"{limits.max_frame_rate:g} are taken",
        )
    if video.duration and video.time_base:
        check_duration(float(video.duration * video.time_base), limits)


def _check_codec(video: VideoStream) -> None:
    if video.codec_context is None:
        raise SourceError(
            ErrorKind.SOURCE_UNSUPPORTED_CODEC, "the film's video codec is not known here"
        )
    codec = video.codec.canonical_name
    if codec not in guard.VIDEO_CODECS:
        raise SourceError(
            ErrorKind.SOURCE_UNSUPPORTED_CODEC,
            f"the film's video codec {codec!r} is not supported; supported are "
            f"{', '.join(sorted(guard.VIDEO_CODECS))}",
        )


def _check_picture(video: VideoStream, limits: MediaLimits) -> None:
    context = video.codec_context
    check_size(context.width, context.height, limits)
    if context.width <= 0 or context.height <= 0:
        raise SourceError(
            ErrorKind.SOURCE_CORRUPT, "the film does not say how large its frames are"
        )


def check_duration(seconds: float, limits: MediaLimits) -> None:
    """Refuse a film that lasts too long."""
    if seconds > limits.max_duration_s:
        raise SourceError(
            ErrorKind.SOURCE_TOO_LONG,
            f"the film lasts {seconds:.0f} s; at most {limits.max_duration_s:.0f} are taken",
        )


def packets(container: InputContainer, *streams: Stream) -> Iterator[Packet[Any]]:
    """The filled packets of some streams, or of all.

    Ends at the first flush packet: PyAV miscounts the rest when tracks appeared on the way.
    """
    for packet in container.demux(*streams):
        if packet.size:
            yield packet
        elif packet.pts is None and packet.dts is None:
            return


def time_of(packet: Packet[Any]) -> int:
    """When a packet's frame is shown."""
    pts = packet.pts if packet.pts is not None else packet.dts
    if pts is None:
        raise SourceError(ErrorKind.SOURCE_CORRUPT, "a frame of the film has no time")
    return pts


def codec_name(stream: Stream) -> str:
    """The common name of a track's codec."""
    return stream.codec.canonical_name if stream.codec_context else "unknown"
