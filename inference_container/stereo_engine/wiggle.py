"""Depth without glasses: `python -m stereo_engine.wiggle SBS.mp4 OUT.mp4` shows the eyes in turn.

The source is a full side-by-side film. Time goes on while the eyes change, or stands still with
`--at SECONDS`, so that nothing moves but what lies before and behind the screen.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import count
from pathlib import Path

import av

from stereo_engine.colour import colour_of
from stereo_engine.errors import EngineError
from stereo_engine.guard import open_media, video_stream
from stereo_engine.picture import Picture, views

TURN_S = Fraction(1, 8)
"""How long one eye is shown; about what makes depth seen without making the picture jump."""
STILL_S = 4
RATE = Fraction(24)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the film; 2 when the source cannot be read."""
    parser = argparse.ArgumentParser(prog="stereo_engine.wiggle", description=__doc__)
    add = parser.add_argument
    add("source", type=Path, metavar="SBS.mp4")
    add("out", type=Path, metavar="OUT.mp4")
    add("--at", type=float, default=None, help="stand still at this time, seconds")
    options = parser.parse_args(argv)
    try:
        with open_media(options.source) as film:
            frames = film.decode(video_stream(film))
            rate = video_stream(film).average_rate or RATE
            if options.at is not None:
                frames = _standing(frames, options.at, rate)
            write(options.out, frames, rate)
    except EngineError as error:
        sys.stderr.write(f"{error.kind}: {error.message}\n")
        return error.exit_code
    return 0


def write(path: Path, pairs: Iterator[av.VideoFrame], rate: Fraction) -> None:
    """Encode one eye of every pair, the left and the right in turn."""
    turn = max(1, round(TURN_S * rate))
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "18"})
        for index, pair in zip(count(), pairs, strict=False):
            eye = eye_of(pair, index // turn % 2)
            if index == 0:
                stream.width, stream.height = eye.size
            frame = eye.to_frame()
            frame.pts, frame.time_base = index, 1 / rate
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))


def eye_of(pair: av.VideoFrame, side: int) -> Picture:
    """The left (0) or right (1) half of a full side-by-side frame."""
    width = pair.width // 4 * 2
    if width == 0:
        raise EngineError("source_unreadable", f"{pair.width} px is no side-by-side picture")
    colour = colour_of(pair)
    planar = pair if pair.format.name == "yuv420p" else pair.reformat(format="yuv420p")
    y, u, v = views(planar)
    first, half = side * width, width // 2
    chroma = slice(first // 2, first // 2 + half)
    return Picture((y[:, first : first + width], u[:, chroma], v[:, chroma]), colour)


def _standing(
    frames: Iterator[av.VideoFrame], at: float, rate: Fraction
) -> Iterator[av.VideoFrame]:
    """The first frame shown at or after `at` seconds, else the last, for four seconds."""
    shown = None
    for shown in frames:
        if shown.time is not None and shown.time >= at:
            break
    if shown is None:
        raise EngineError("source_no_video", "the film shows no frame")
    for _ in range(round(STILL_S * rate)):
        yield shown


if __name__ == "__main__":
    sys.exit(main())
