"""What ffmpeg's filter stereo3d makes of two small eyes: asked for once, and kept.

`python -m tests.engine.stereo3d FFMPEG` asks again. Its interleaved layouts put all of both eyes
into a picture of twice the size, ours halve them; so it is given every other row or column. Its
half layouts only set the aspect; so the eyes are scaled first. In its gray, half-colour and colour
pictures for yellow/blue glasses blue is for the left eye, against its own description and its
Dubois; ours have yellow there, so it is given the eyes in the other order.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

KEPT = Path(__file__).with_suffix(".npz")
EYES = np.random.default_rng(1).integers(0, 256, (2, 8, 12, 3), np.uint8)
"""Left and right, RGB."""


def _rows(first):
    return lambda eye: eye[first::2]


def _columns(first):
    return lambda eye: eye[:, first::2]


def _chequers(first):
    return lambda eye: np.stack([row[(y + first) % 2 :: 2] for y, row in enumerate(eye)])


def _all(eye):
    return eye


@dataclass(frozen=True)
class Shared:
    """A layout that both have; `ffmpeg` is its name there, less the `l` or `r` at its end."""

    mode: str
    ffmpeg: str
    first: object = _all
    """What of the first eye ffmpeg is given."""
    second: object = _all
    scale: str = ""


LAYOUTS = (
    Shared("sbs", "sbs"),
    Shared("top_bottom", "ab"),
    Shared("half_sbs", "sbs2", scale="scale=iw/2:ih:flags=area+accurate_rnd,"),
    Shared("half_top_bottom", "ab2", scale="scale=iw:ih/2:flags=area+accurate_rnd,"),
    Shared("row_interlaced", "ir", _rows(0), _rows(1)),
    Shared("column_interlaced", "ic", _columns(0), _columns(1)),
    Shared("checkerboard", "ch", _chequers(0), _chequers(1)),
)
ANAGLYPHS = {
    "arcg": "gray",
    "arch": "half_color",
    "arcc": "color",
    "arcd": "dubois",
    "arbg": "true",
    "agmg": "gm_gray",
    "agmh": "gm_half_color",
    "agmc": "gm_color",
    "agmd": "gm_dubois",
    "aybg": "yb_gray",
    "aybh": "yb_half_color",
    "aybc": "yb_color",
    "aybd": "yb_dubois",
}
BLUE_FIRST = ("aybg", "aybh", "aybc")
ONE_EYE = {"ml": "left_only", "mr": "right_only"}


def asked(ffmpeg):
    """{name: picture} of all shared names, by a live ffmpeg."""
    left, right = EYES
    answers = {}
    for layout in LAYOUTS:
        for name, first, second in ((f"{layout.ffmpeg}l", left, right),
                                    (f"{layout.ffmpeg}r", right, left)):  # fmt: skip
            eyes = layout.first(first), layout.second(second)
            eyes = eyes if name.endswith("l") else eyes[::-1]
            answers[name] = _filtered(ffmpeg, eyes, name, layout.scale)
    for name in (*ANAGLYPHS, *ONE_EYE):
        eyes = (right, left) if name in BLUE_FIRST else (left, right)
        answers[name] = _filtered(ffmpeg, eyes, name)
    return answers


def unpacked(ffmpeg, picture, name):
    """Left and right that ffmpeg finds in a picture laid out as `name`."""
    beside = _run(ffmpeg, picture, f"stereo3d={name}:sbsl")
    return np.hsplit(beside.reshape(EYES.shape[1], -1, 3), 2)


def _filtered(ffmpeg, eyes, name, scale=""):
    pair = np.hstack(eyes)
    if name == "sbsl":  # the same in and out is refused
        return pair
    made = _run(ffmpeg, pair, f"{scale}stereo3d=sbsl:{name}")
    return made.reshape(_height(name), -1, 3)


def _height(name):
    height = EYES.shape[1]
    return 2 * height if name in ("abl", "abr") else height


def _run(ffmpeg, picture, graph):
    height, width = picture.shape[:2]
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24"]
    command = [ffmpeg, "-v", "error", *raw, "-s", f"{width}x{height}", "-i", "-", "-vf", graph]
    answer = subprocess.run(
        [*command, *raw, "-"], input=picture.tobytes(), capture_output=True, check=True
    )
    return np.frombuffer(answer.stdout, np.uint8)


if __name__ == "__main__":
    np.savez_compressed(KEPT, **asked(sys.argv[1]))
