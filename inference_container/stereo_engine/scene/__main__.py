"""`python -m stereo_engine.scene OUT.mp4`: a little 3D scene with sound, seen with one eye."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from stereo_engine.colour import standard
from stereo_engine.picture import of_rgb
from stereo_engine.scene.show import show_frames
from stereo_engine.scene.sound import RATE, soundtrack

AAC_FRAME = 1024


def main(argv: Sequence[str] | None = None) -> int:
    """Write the film."""
    parser = argparse.ArgumentParser(prog="python -m stereo_engine.scene", description=__doc__)
    add = parser.add_argument
    add("out", type=Path, metavar="OUT.mp4")
    add("--seconds", type=float, default=4.0)
    add("--width", type=int, default=640)
    add("--height", type=int, default=360)
    add("--rate", type=Fraction, default=Fraction(24), help="frames a second, as 24 or 30000/1001")
    add("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    if options.width % 2 or options.height % 2 or options.seconds <= 0 or options.rate <= 0:
        parser.error("width and height must be even, seconds and rate above zero")
    count = max(1, round(options.seconds * options.rate))
    frames = show_frames(count, float(options.rate), options.width, options.height, options.seed)
    sound = soundtrack(float(count / options.rate), options.seed)
    write_film(options.out, frames, (options.width, options.height), options.rate, sound)
    sys.stdout.write(f"{count} frames, {options.width}x{options.height}: {options.out}\n")
    return 0


def write_film(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    size: tuple[int, int],
    rate: Fraction,
    sound: NDArray[np.float32],
) -> None:
    """Encode pictures as H.264 and sound as AAC into one mp4."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as film:
        options = {"preset": "veryfast", "crf": "16", "x264-params": "keyint=48:threads=2"}
        video = film.add_stream("libx264", rate=rate, options=options)
        colour = standard(size[1])
        context = video.codec_context
        context.width, context.height = size
        context.pix_fmt = "yuv420p"
        context.colorspace, context.color_range = colour.matrix, colour.range
        context.color_primaries, context.color_trc = colour.primaries, colour.transfer
        audio = film.add_stream("aac", rate=RATE, layout="stereo")
        for index, rgb in enumerate(frames):
            frame = of_rgb(rgb, colour).to_frame()
            frame.pts, frame.time_base = index, 1 / rate
            film.mux(video.encode(frame))
        film.mux(video.encode(None))
        for packet in _encoded(audio, sound):
            film.mux(packet)


def _encoded(audio: AudioStream, sound: NDArray[np.float32]) -> "list[av.Packet[Any]]":
    packets = []
    for first in range(0, sound.shape[1], AAC_FRAME):
        part = np.ascontiguousarray(sound[:, first : first + AAC_FRAME])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = RATE, first
        frame.time_base = Fraction(1, RATE)
        packets += audio.encode(frame)
    return packets + audio.encode(None)


if __name__ == "__main__":
    sys.exit(main())
