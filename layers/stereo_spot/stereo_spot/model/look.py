"""Words of a recipe that the engine has its own copy of; a test holds the two equal."""

from enum import StrEnum


class AnaglyphMethod(StrEnum):
    """How eyes are mixed for glasses: red/cyan, `gm_` green/magenta, `yb_` yellow/blue."""

    GRAY = "gray"
    COLOR = "color"
    HALF_COLOR = "half_color"
    TRUE = "true"
    WIMMER = "wimmer"
    DUBOIS = "dubois"
    DUBOIS_LCD = "dubois_lcd"
    GM_GRAY = "gm_gray"
    GM_HALF_COLOR = "gm_half_color"
    GM_COLOR = "gm_color"
    GM_DUBOIS = "gm_dubois"
    YB_GRAY = "yb_gray"
    YB_HALF_COLOR = "yb_half_color"
    YB_COLOR = "yb_color"
    YB_DUBOIS = "yb_dubois"

    @property
    def glasses(self) -> str:
        """The glasses it is for, as names of files say it."""
        return {"gm": "greenmagenta", "yb": "yellowblue"}.get(self.value[:2], "redcyan")

    @property
    def mix(self) -> str:
        """The method without the glasses."""
        return self.value.removeprefix("gm_").removeprefix("yb_")


class Synth(StrEnum):
    """Which eye is made; the film is the other one, or lies in the middle of the two."""

    RIGHT = "right"
    LEFT = "left"
    BOTH = "both"


class Fill(StrEnum):
    """What is put where an eye sees what the film does not show."""

    EXTEND = "extend"
    BLEND = "blend"


class PixelFormat(StrEnum):
    """Samples of the result; ten bits need HEVC."""

    EIGHT_BITS = "yuv420p"
    TEN_BITS = "yuv420p10le"


def fits_codec(pix_fmt: PixelFormat, codec: str | None) -> PixelFormat:
    """The samples themselves.

    Raises:
        ValueError: where the codec does not take them.
    """
    if pix_fmt is PixelFormat.TEN_BITS and codec != "hevc":
        raise ValueError("ten bits need the codec hevc")
    return pix_fmt
