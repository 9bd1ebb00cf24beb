"""The options of `convert`, grouped as its help shows them."""

from pathlib import Path
from typing import Annotated

import typer

from stereo_spot.cli.options import Codec, Device, Preset
from stereo_spot.model import (
    AnaglyphMethod,
    Container,
    Fill,
    PixelFormat,
    StereoMode,
    Synth,
    Tier,
)

LOOK, DEPTH, ENCODING, EXPERT = "Look", "Depth", "Encoding", "For those who know"


def _option(panel: str, help: str, *names: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(*names, help=help, rich_help_panel=panel)
    return option


DeviceFlag = Annotated[
    Device | None, _option(LOOK, "What you watch on; picks the layout.", "--for")
]
ModeFlag = Annotated[StereoMode | None, _option(LOOK, "Layout of the two eyes.")]
AnaglyphFlag = Annotated[
    AnaglyphMethod | None,
    _option(LOOK, "How colours are mixed for glasses: red/cyan, gm_ and yb_ for others (dubois)."),
]
StrengthFlag = Annotated[float | None, _option(LOOK, "Strength, % of picture width (2.5).")]
ConvergenceFlag = Annotated[
    float | None, _option(LOOK, "Depth on the screen: 0 all in front, 1 all behind (0.7).")
]
SwapFlag = Annotated[bool, _option(LOOK, "Left for right.", "--swap-eyes")]
WindowFlag = Annotated[
    bool, _option(LOOK, "Black strips before what the edges would cut.", "--floating-window")
]
TierFlag = Annotated[Tier | None, _option(DEPTH, "How depth is found.")]
SynthFlag = Annotated[
    Synth | None, _option(DEPTH, "The eye to make; the film is the other one (right).")
]
FillFlag = Annotated[
    Fill | None, _option(DEPTH, "Holes: go on with the background, or soften that (extend).")
]
DepthFromFlag = Annotated[
    Path | None,
    _option(DEPTH, "Your own depth: a folder of PNG or NPY, or a video; near is white."),
]
ExportDepthFlag = Annotated[
    Path | None, _option(DEPTH, "Folder for the depth of every frame, 16-bit PNG.")
]
LicenceFlag = Annotated[
    list[str] | None, _option(DEPTH, "Name of a model whose licence you accept.")
]
CrfFlag = Annotated[int | None, _option(ENCODING, "Quality, 0 lossless to 51 (16).")]
PresetFlag = Annotated[Preset | None, _option(ENCODING, "Encoder preset (veryfast).")]
CodecFlag = Annotated[Codec | None, _option(ENCODING, "How it is coded (h264).")]
PixelsFlag = Annotated[
    PixelFormat | None, _option(ENCODING, "Eight bits, or ten with hevc (yuv420p).", "--pix-fmt")
]
WidthFlag = Annotated[int | None, _option(ENCODING, "Widest result in pixels.")]
ContainerFlag = Annotated[Container | None, _option(ENCODING, "mp4, mkv or auto.")]
SegmentFlag = Annotated[float | None, _option(EXPERT, "Seconds per segment, 0.5 to 300 (30).")]
WorkersFlag = Annotated[int | None, _option(EXPERT, "Segments rendered at once, at most.")]
ForceFlag = Annotated[bool, _option(EXPERT, "Take a strength that hurts.", "--force")]
