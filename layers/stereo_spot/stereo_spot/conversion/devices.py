"""What a film is watched on, and the layout, container and size that fit it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from stereo_spot.model import Container, StereoMode


class Device(StrEnum):
    """What the film will be watched on; `file` keeps everything for later."""

    HEADSET = "headset"
    TV = "tv"
    GLASSES = "glasses"
    PHONE = "phone"
    FILE = "file"


@dataclass(frozen=True)
class Fit:
    """What fits a device."""

    mode: StereoMode
    container: Container = Container.AUTO
    max_width: int | None = None

    def options(self) -> dict[str, Any]:
        """As options of a job; what is left to the defaults is left out."""
        chosen: dict[str, Any] = {"mode": self.mode}
        if self.container is not Container.AUTO:
            chosen["container"] = self.container
        if self.max_width is not None:
            chosen["max_width"] = self.max_width
        return chosen


FITS = {
    Device.HEADSET: Fit(StereoMode.SBS),
    Device.TV: Fit(StereoMode.HALF_SBS, max_width=1920),
    Device.GLASSES: Fit(StereoMode.ANAGLYPH),
    Device.PHONE: Fit(StereoMode.HALF_SBS, max_width=1920),
    Device.FILE: Fit(StereoMode.SBS, Container.MKV),
}
