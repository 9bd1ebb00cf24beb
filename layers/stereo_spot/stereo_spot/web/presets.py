"""The words of the page for what a person watches on, and for the layouts."""

from dataclasses import dataclass

from stereo_spot.conversion.devices import FITS, Device, Fit
from stereo_spot.model import Recipe, StereoMode

_M = StereoMode


@dataclass(frozen=True)
class Preset:
    """A choice of the page."""

    label: str
    hint: str
    fit: Fit


_WORDS = {
    Device.HEADSET: ("VR headset", "Full side by side"),
    Device.TV: ("3D TV", "Half side by side, 1080p"),
    Device.GLASSES: ("Red/cyan glasses", "Anaglyph, on any screen"),
    Device.PHONE: ("Phone", "Half side by side, 1080p"),
    Device.FILE: ("Keep as file", "Full side by side, mkv"),
}
PRESETS = {device.value: Preset(*words, FITS[device]) for device, words in _WORDS.items()}
LAYOUT = {
    _M.SBS: "Side by side",
    _M.HALF_SBS: "Half side by side",
    _M.TOP_BOTTOM: "Top and bottom",
    _M.HALF_TOP_BOTTOM: "Half top and bottom",
    _M.ANAGLYPH: "Coloured glasses",
    _M.CROSS_EYED: "Cross-eyed",
    _M.LEFT_ONLY: "Left eye",
    _M.RIGHT_ONLY: "Right eye",
    _M.ROW_INTERLACED: "Rows in turn",
    _M.COLUMN_INTERLACED: "Columns in turn",
    _M.CHECKERBOARD: "Checkerboard",
    _M.RGBD: "Picture and depth",
}
_GLASSES = {
    "redcyan": ("red/cyan", "red"),
    "greenmagenta": ("green/magenta", "green"),
    "yellowblue": ("yellow/blue", "yellow"),
}
_HOW_TO_WATCH = {
    _M.SBS: "Copy it to the headset and open it there: the name tells the player that it is "
    "side by side.",
    _M.HALF_SBS: "Play it full screen on the 3D TV or phone and choose “side by side”.",
    _M.TOP_BOTTOM: "Play it full screen and choose “top and bottom”.",
    _M.HALF_TOP_BOTTOM: "Play it full screen and choose “top and bottom”.",
    _M.ANAGLYPH: "Put on {glasses} glasses, {first} over the {eye} eye, and play it on any screen.",
    _M.CROSS_EYED: "Squint until the halves meet; small and far away is easiest.",
    _M.LEFT_ONLY: "Play it like any film: it shows one eye.",
    _M.RIGHT_ONLY: "Play it like any film: it shows one eye.",
    _M.ROW_INTERLACED: "Play it full screen, unscaled, on a 3D screen with polarised glasses.",
    _M.COLUMN_INTERLACED: "Play it full screen, unscaled, on a 3D screen without glasses.",
    _M.CHECKERBOARD: "Play it full screen, unscaled, on a projector that takes checkerboards.",
    _M.RGBD: "Open it where a picture with its depth beside it is wanted.",
}


def how_to_watch(recipe: Recipe) -> str:
    """What to do with the film, in a sentence or two."""
    glasses, first = _GLASSES[recipe.anaglyph.glasses]
    eye = "right" if recipe.swap_eyes else "left"
    return _HOW_TO_WATCH[recipe.mode].format(glasses=glasses, first=first, eye=eye)
