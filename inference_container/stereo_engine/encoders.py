"""Which encoder writes a film: x264 or x265; the GPU's own where that was asked for and answers.

All segments of a film must come from the same encoder, or they do not join. That is why a GPU is
never used just because a worker has one: whoever runs the workers asks for it, for all of them.
"""

from fractions import Fraction
from functools import cache

import av
from av.video.codeccontext import VideoCodecContext

from stereo_engine.recipe import Recipe

SOFTWARE = {"h264": "libx264", "hevc": "libx265"}
HARDWARE = {"h264": "h264_nvenc", "hevc": "hevc_nvenc"}
PROBE_SIDE = 256
"""Smaller pictures than about 145 px are refused by some GPUs."""


def encoder_of(codec: str, recipe: Recipe, *, hardware: bool) -> str:
    """The name of the encoder; lossless and 10-bit films are always written in software."""
    name = HARDWARE[codec]
    fits = hardware and recipe.crf > 0 and recipe.pix_fmt == "yuv420p"
    return name if fits and answers(name) else SOFTWARE[codec]


def hardware_options(recipe: Recipe, keyframe_every: int) -> dict[str, str]:
    """The same settings in NVENC's words: constant quality, two B-frames, closed groups."""
    return {
        "preset": "p4",
        "rc": "vbr",
        "cq": str(recipe.crf),
        "bf": "2",
        "b_ref_mode": "disabled",
        "g": str(keyframe_every),
        "forced-idr": "1",
    }


@cache
def answers(name: str) -> bool:
    """Whether an encoder works here: it is given one grey picture."""
    try:
        context = av.CodecContext.create(name, "w")
        assert isinstance(context, VideoCodecContext)
        context.width = context.height = PROBE_SIDE
        context.pix_fmt, context.time_base = "yuv420p", Fraction(1, 30)
        frame = av.VideoFrame(PROBE_SIDE, PROBE_SIDE, "yuv420p")
        frame.pts = 0
        return bool([*context.encode(frame), *context.encode(None)])
    except (OSError, ValueError, av.error.FFmpegError):
        return False
