"""Films made on the spot, in every container and codec the tests need.

Every frame of a made film differs from every other, so a CRC per decoded frame tells which frame
of the source a finished frame is.
"""

import struct
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


@dataclass(frozen=True)
class Sound:
    """One sound track to make."""

    codec: str = "aac"
    rate: int = 44_100
    seconds: float | None = None
    language: str | None = None
    start: float = 0.0
    layout: str = "stereo"


@dataclass(frozen=True)
class Film:
    """A film to make."""

    name: str = "film.mp4"
    codec: str = "libx264"
    frames: int = 50
    size: tuple[int, int] = (96, 64)
    rate: Fraction = Fraction(25)
    pixels: str = "yuv420p"
    gop: int = 12
    bframes: int = 2
    options: dict[str, str] = field(default_factory=dict)
    muxer: dict[str, str] = field(default_factory=dict)
    start: float = 0.0
    times: tuple[int, ...] | None = None
    """Frame times in units of 1/rate, for uneven films."""
    sounds: tuple[Sound, ...] = ()
    subtitles: tuple[tuple[float, float, str], ...] = ()
    chapters: tuple[tuple[float, float, str], ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    container: str | None = None
    scenes: tuple[int, ...] = ()
    """Frames at which the picture changes wholly."""


def picture(number: int, width: int, height: int, scene: int = 0) -> np.ndarray:
    """A grey picture, uint8 [H, W], unlike that of any other number."""
    y, x = np.mgrid[0:height, 0:width]
    base = (x * (3 + scene) + y * (2 + 5 * scene) + number * 3 + scene * 90) % 256
    grey = base.astype(np.uint8)
    for bit in range(16):
        left = bit * width // 16
        grey[: max(4, height // 8), left : left + width // 16] = 235 if number >> bit & 1 else 16
    return grey


def make(folder: Path, film: Film) -> Path:
    """Make the film; returns its path."""
    path = folder / film.name
    with av.open(str(path), "w", format=film.container, options=film.muxer) as out:
        video = out.add_stream(film.codec, rate=film.rate)
        video.width, video.height = film.size
        video.pix_fmt = film.pixels
        video.codec_context.time_base = 1 / film.rate
        if film.codec == "mjpeg":
            video.codec_context.color_range = 2
        if film.codec == "mjpeg":
            video.codec_context.color_range = 2
        else:
            video.codec_context.gop_size = film.gop
            video.codec_context.max_b_frames = film.bframes
        video.options = {"threads": "1", **_speed(film), **film.options}
        sounds = [_sound_stream(out, sound) for sound in film.sounds]
        texts = out.add_mux_stream("subrip") if film.subtitles else None
        out.metadata.update(film.metadata)
        out.set_chapters(
            [
                {
                    "id": i,
                    "start": int(start * 1000),
                    "end": int(end * 1000),
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": title},
                }
                for i, (start, end, title) in enumerate(film.chapters)
            ]
        )
        streams = [_video_packets(film, video)]
        streams += [
            _sound_packets(film, s, stream) for s, stream in zip(film.sounds, sounds, strict=True)
        ]
        if texts is not None:
            streams.append(_text_packets(film, texts))
        _interleave(out, streams)
    return path


def _speed(film: Film) -> dict[str, str]:
    if film.codec == "libx264":
        return {"preset": "ultrafast", "bf": str(film.bframes), "sc_threshold": "0"}
    if film.codec == "libx265":
        return {
            "preset": "ultrafast",
            "x265-params": f"log-level=none:pools=1:frame-threads=1:bframes={film.bframes}:"
            f"keyint={film.gop}:min-keyint={film.gop}:scenecut=0",
        }
    if film.codec in ("libvpx", "libvpx-vp9"):
        return {"deadline": "realtime", "cpu-used": "8"}
    return {"preset": "13"} if film.codec == "libsvtav1" else {}


def _video_packets(film: Film, stream):
    width, height = film.size
    offset = round(film.start * film.rate)
    scene = 0
    for number in range(film.frames):
        scene += number in film.scenes
        grey = picture(number, width, height, scene)
        frame = av.VideoFrame.from_ndarray(grey, "gray").reformat(format=film.pixels)
        frame.pts = offset + (film.times[number] if film.times else number)
        frame.time_base = 1 / film.rate
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _sound_stream(out, sound: Sound):
    stream = out.add_stream(sound.codec, rate=sound.rate, layout=sound.layout)
    if sound.language:
        stream.metadata["language"] = sound.language
    return stream


def _sound_packets(film: Film, sound: Sound, stream):
    seconds = sound.seconds or (film.times[-1] + 1 if film.times else film.frames) / film.rate
    total, chunk = int(seconds * sound.rate), 1024
    formats = stream.codec_context.codec.audio_formats
    resampler = av.AudioResampler(formats[0].name, sound.layout, sound.rate)
    for at in range(0, total, chunk):
        n = min(chunk, total - at)
        t = (np.arange(at, at + n) / sound.rate)[None, :]
        wave = (0.3 * np.sin(2 * np.pi * (220 + 60 * np.sin(t)) * t) * 32767).astype(np.int16)
        channels = 1 if sound.layout == "mono" else 2
        frame = av.AudioFrame.from_ndarray(np.repeat(wave, channels, 0), "s16p", sound.layout)
        frame.rate, frame.pts = sound.rate, at + int((sound.start + film.start) * sound.rate)
        frame.time_base = Fraction(1, sound.rate)
        for ready in resampler.resample(frame):
            yield from stream.encode(ready)
    yield from stream.encode(None)


def _text_packets(film: Film, stream):
    for start, end, text in film.subtitles:
        packet = av.Packet(text.encode())
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts = packet.dts = int(start * 1000)
        packet.duration = int((end - start) * 1000)
        packet.is_keyframe = True
        yield packet


def _interleave(out, streams) -> None:
    heads = [(next(stream, None), stream) for stream in streams]
    while any(packet for packet, _ in heads):
        ready = [(float((p.dts or 0) * p.time_base), i) for i, (p, _) in enumerate(heads) if p]
        place = min(ready)[1]
        packet, stream = heads[place]
        out.mux(packet)
        heads[place] = (next(stream, None), stream)


def edited(path: Path, *edits: tuple[int, int]) -> Path:
    """The mp4 with an edit list of (milliseconds to show, media time to begin at) in its place."""
    entries = b"".join(struct.pack(">iiI", *edit, 1 << 16) for edit in edits)
    listed = box(b"edts", box(b"elst", struct.pack(">II", 0, len(edits)) + entries))
    body = path.read_bytes()
    there = b"edts" in body
    at = body.index(b"edts" if there else b"mdia") - 4
    end = at + int.from_bytes(body[at : at + 4], "big") if there else at
    path.write_bytes(grown(body, at, end, listed))
    return path


def described_twice(path: Path) -> Path:
    """The mp4 with the description of its pictures there a second time."""
    body = path.read_bytes()
    at = body.index(b"stsd") + 12
    end = at + int.from_bytes(body[at : at + 4], "big")
    made = bytearray(grown(body, end, end, body[at:end]))
    made[at - 4 : at] = (2).to_bytes(4, "big")
    path.write_bytes(made)
    return path


def box(kind: bytes, body: bytes) -> bytes:
    """A box of an mp4."""
    return struct.pack(">I4s", 8 + len(body), kind) + body


def grown(body: bytes, at: int, end: int, new: bytes) -> bytes:
    """The mp4 with other bytes in a place of its index; the boxes around grow by as much."""
    made = bytearray(body)
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"dinf", b"dref"):
        start = body.index(kind) - 4
        size = int.from_bytes(body[start : start + 4], "big")
        if start < at and end <= start + size:
            made[start : start + 4] = (size + len(new) - (end - at)).to_bytes(4, "big")
    made[at:end] = new
    return bytes(made)
