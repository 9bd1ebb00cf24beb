"""What a person watches on, and the layout, container and size that fit it."""

from dataclasses import dataclass

from stereo_spot.model import Container, StereoMode

_M = StereoMode


@dataclass(frozen=True)
class Preset:
    """A choice of the page, in the words of the API."""

    label: str
    hint: str
    mode: StereoMode
    container: Container = Container.AUTO
    max_width: int | None = None


PRESETS = {
    "headset": Preset("VR headset", "Full side by side", _M.SBS),
    "tv": Preset("3D TV", "Half side by side, 1080p", _M.HALF_SBS, max_width=1920),
    "glasses": Preset("Red/cyan glasses", "Anaglyph, on any screen", _M.ANAGLYPH),
    "phone": Preset("Phone", "Half side by side, 1080p", _M.HALF_SBS, max_width=1920),
    "file": Preset("Keep as file", "Full side by side, mkv", _M.SBS, Container.MKV),
}
LAYOUT = {
    _M.SBS: "Side by side",
    _M.HALF_SBS: "Half side by side",
    _M.TOP_BOTTOM: "Top and bottom",
    _M.HALF_TOP_BOTTOM: "Half top and bottom",
    _M.ANAGLYPH: "Red/cyan",
}
HOW_TO_WATCH = {
    _M.SBS: "Copy it to the headset and open it there: the name tells the player that it is "
    "side by side.",
    _M.HALF_SBS: "Play it full screen on the 3D TV or phone and choose “side by side”.",
    _M.TOP_BOTTOM: "Play it full screen and choose “top and bottom”.",
    _M.HALF_TOP_BOTTOM: "Play it full screen and choose “top and bottom”.",
    _M.ANAGLYPH: "Put on red/cyan glasses, red over the left eye, and play it on any screen.",
}
