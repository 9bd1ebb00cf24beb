"""What a finished film is called, so that players know it is 3D by its name."""

import re

from stereo_spot.model import AnaglyphMethod, Recipe, StereoMode

_SUFFIX = {
    StereoMode.SBS: "_LRF_Full_SBS",
    StereoMode.HALF_SBS: "_LR",
    StereoMode.TOP_BOTTOM: "_TBF_fulltb",
    StereoMode.HALF_TOP_BOTTOM: "_TB",
    StereoMode.CROSS_EYED: "_RLF_cross",
    StereoMode.LEFT_ONLY: "_left_eye",
    StereoMode.RIGHT_ONLY: "_right_eye",
    StereoMode.ROW_INTERLACED: "_rows",
    StereoMode.COLUMN_INTERLACED: "_columns",
    StereoMode.CHECKERBOARD: "_checkerboard",
    StereoMode.RGBD: "_RGBD",
}
_ANAGLYPHS = {method: f"_{method.glasses}_{method.mix}" for method in AnaglyphMethod}

_LONGEST_BYTES = 200
"""File systems take names of 255 bytes, not letters."""


def film_name(title: str | None, recipe: Recipe, suffix: str = "mp4") -> str:
    """`title` as a file name that says the layout.

    Sources of the tokens: the naming rules of Skybox, DeoVR and Pigasus.
    """
    plain = re.sub(r"[^\w .()\[\]-]", "_", title or "film").strip(" .")
    stem = plain.encode()[:_LONGEST_BYTES].decode(errors="ignore").strip(" .") or "film"
    mixed = recipe.mode is StereoMode.ANAGLYPH
    layout = _ANAGLYPHS[recipe.anaglyph] if mixed else _SUFFIX[recipe.mode]
    return f"{stem}{layout}.{suffix}"


def is_film_name(stem: str) -> bool:
    """Whether the name, less its suffix, is one that we give to results."""
    return stem.endswith((*_SUFFIX.values(), *_ANAGLYPHS.values()))
