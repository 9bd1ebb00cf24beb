"""Films made on the spot: small, real, and with known content."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from stereo_engine.colour import Colour, standard
from stereo_engine.picture import of_rgb
from stereo_engine.scene.texture import noise


def moving_pictures(count, width=96, height=64, seed=3, step=1.0):
    """RGB frames of a textured wall that slides, with a nearer board that slides faster."""
    rng = np.random.default_rng(seed)
    size = 512
    wall = np.stack([noise(rng, size, 1.0) for _ in range(3)], axis=-1) * 255
    board = np.stack([noise(rng, size, 0.8) for _ in range(3)], axis=-1) * 255
    frames = []
    for index in range(count):
        shift, near = round(index * step), round(index * step * 3)
        frame = wall[:height, shift : shift + width].copy()
        top, left = height // 3, width // 4
        frame[top:, left : left + width // 3] = board[: height - top, near : near + width // 3]
        frames.append(frame.astype(np.uint8))
    return frames


def write_film(
    path: Path,
    frames,
    *,
    rate=Fraction(25),
    codec="libx264",
    pix_fmt="yuv420p",
    start=0,
    rotation=0,
    colour: Colour | None = None,
    options=None,
    container=None,
    aspect=None,
    muxing=None,
):
    """Encode RGB frames losslessly where the codec can, so that what is read is known."""
    height, width = frames[0].shape[:2]
    colour = colour or standard(height)
    usual = {"crf": "0", "preset": "ultrafast"} if codec == "libx264" else {}
    with av.open(str(path), "w", format=container, options=muxing or {}) as film:
        stream = film.add_stream(codec, rate=rate, options=usual | (options or {}))
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = width, height, pix_fmt
        context.colorspace, context.color_range = colour.matrix, colour.range
        context.color_primaries, context.color_trc = colour.primaries, colour.transfer
        if aspect:
            stream.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        for index, rgb in enumerate(frames):
            frame = of_rgb(rgb, colour).to_frame() if pix_fmt == "yuv420p" else None
            if frame is None:
                frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(
                    format=pix_fmt, dst_colorspace=colour.matrix
                )
                colour.tag(frame)
            frame.pts, frame.time_base = start + index, 1 / rate
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    return path


def write_sound(path: Path, seconds=0.5):
    """A film without pictures."""
    with av.open(str(path), "w") as film:
        stream = film.add_stream("aac", rate=48_000, layout="stereo")
        for first in range(0, round(seconds * 48_000), 1024):
            silence = np.zeros((2, 1024), np.float32)
            frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = 48_000, first
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    return path


def read_planes(path: Path):
    """Every frame as three plane copies."""
    from stereo_engine.picture import views

    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        return [tuple(plane.copy() for plane in views(f)) for f in film.decode(stream)]


def read_stream(path: Path):
    """Facts of the picture stream: size, extradata, tags, packets, pts."""
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        context = stream.codec_context
        packets = [packet for packet in film.demux(stream) if packet.size]
        return {
            "size": (context.width, context.height),
            "extradata": bytes(context.extradata),
            "tags": (
                int(context.colorspace),
                int(context.color_range),
                int(context.color_primaries),
                int(context.color_trc),
            ),
            "packets": len(packets),
            "pts": sorted(packet.pts for packet in packets),
            "time_base": stream.time_base,
            "codec": context.name,
            "codec_tag": context.codec_tag,
            "streams": len(film.streams),
            "aspect": stream.sample_aspect_ratio,
            "raw": b"".join(bytes(packet) for packet in packets),
        }
