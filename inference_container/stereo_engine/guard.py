"""The one way the engine opens a film it does not trust: local file, known container, sane size."""

from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from stereo_engine.errors import EngineError

GUARD = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts",
    "protocol_whitelist": "file",
}
MAX_PIXELS = 40_000_000


def open_media(path: Path) -> InputContainer:
    """Open `path` for reading, or say why it cannot be a film."""
    _check_file(path)
    try:
        return av.open(f"file:{path.absolute()}", options=dict(GUARD), metadata_errors="replace")
    except av.error.InvalidDataError:
        raise EngineError("source_not_media", f"not a media file: {path.name}") from None
    except av.error.ArgumentError:
        text = f"a kind of file that is not accepted: {path.name}"
        raise EngineError("source_forbidden_format", text) from None
    except av.error.FFmpegError as error:
        text = f"cannot be opened: {path.name}: {error.strerror}"
        raise EngineError("source_not_media", text) from None


def video_stream(container: InputContainer) -> VideoStream:
    """The first picture stream that is not cover art, checked before anything is decoded."""
    cover = av.stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not streams:
        raise EngineError("source_no_video", "no video stream in the file")
    stream = streams[0]
    if stream.codec_context is None:
        raise EngineError("source_unsupported_codec", "no decoder for this video codec")
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MAX_PIXELS:
        text = f"{width}x{height} is more than {MAX_PIXELS} pixels a frame"
        raise EngineError("source_too_many_pixels", text)
    return stream


def _check_file(path: Path) -> None:
    if not path.exists():
        raise EngineError("source_missing", f"no such file: {path}")
    if not path.is_file():
        raise EngineError("source_unreadable", f"not a file: {path}")
    try:
        with path.open("rb") as file:
            first = file.read(1)
    except OSError as error:
        raise EngineError(
            "source_unreadable", f"cannot be read: {path}: {error.strerror}"
        ) from None
    if not first:
        raise EngineError("source_empty", f"an empty file: {path}")
