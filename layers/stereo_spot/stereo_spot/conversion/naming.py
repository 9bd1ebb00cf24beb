"""What a finished film is called, so that players know it is 3D by its name."""

import re

from stereo_spot.model import StereoMode

_SUFFIX = {
    StereoMode.SBS: "_LRF_Full_SBS",
    StereoMode.HALF_SBS: "_LR",
    StereoMode.TOP_BOTTOM: "_TBF_fulltb",
    StereoMode.HALF_TOP_BOTTOM: "_TB",
    StereoMode.ANAGLYPH: "_redcyan_dubois",
}

_LONGEST_BYTES = 200
"""File systems take names of 255 bytes, not letters."""


def film_name(title: str | None, mode: StereoMode, suffix: str = "mp4") -> str:
    """`title` as a file name that says the layout.

    Sources of the tokens: the naming rules of Skybox, DeoVR and Pigasus.
    """
    plain = re.sub(r"[^\w .()\[\]-]", "_", title or "film").strip(" .")
    stem = plain.encode()[:_LONGEST_BYTES].decode(errors="ignore").strip(" .") or "film"
    return f"{stem}{_SUFFIX[mode]}.{suffix}"
