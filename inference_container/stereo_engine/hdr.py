"""HDR light down to SDR: PQ or HLG BT.2020 to 8-bit BT.709, one curve a channel."""

from functools import lru_cache

import av
import numpy as np
from numpy.typing import NDArray

from stereo_engine.colour import BT709, LIMITED, PQ, Colour

SDR_WHITE_NITS = 203.0
PEAK_NITS = 1000.0
BT2020_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    np.float32,
)
SDR = Colour(matrix=BT709, range=LIMITED, primaries=BT709, transfer=BT709)


def to_sdr(frame: av.VideoFrame, colour: Colour) -> tuple[av.VideoFrame, Colour]:
    """The frame as 8-bit BT.709 RGB, not turned."""
    wide = frame.reformat(
        format="rgb48le",
        src_colorspace=colour.matrix,
        src_color_range=colour.range,
        dst_color_range=2,
    ).to_ndarray()
    light = _light_curve(colour.transfer)[wide]
    narrow = np.clip(light @ BT2020_TO_BT709.T, 0.0, 1.0)
    rgb = _display_curve()[(narrow * 4095.0 + 0.5).astype(np.uint16)]
    return av.VideoFrame.from_ndarray(rgb, format="rgb24"), SDR


@lru_cache(maxsize=2)
def _light_curve(transfer: int) -> NDArray[np.float32]:
    """16-bit code -> tone-mapped linear light, SDR white = 1 before the shoulder."""
    code = np.linspace(0.0, 1.0, 65536)
    nits = _pq_nits(code) if transfer == PQ else _hlg_nits(code)
    level, peak = nits / SDR_WHITE_NITS, PEAK_NITS / SDR_WHITE_NITS
    mapped = level * (1.0 + level / peak**2) / (1.0 + level)
    return np.clip(mapped, 0.0, 1.0).astype(np.float32)


def _pq_nits(code: NDArray[np.float64]) -> NDArray[np.float64]:
    power = code ** (1 / 78.84375)
    ratio = np.maximum(power - 0.8359375, 0.0) / (18.8515625 - 18.6875 * power)
    return np.asarray(10000.0 * ratio ** (1 / 0.1593017578125))


def _hlg_nits(code: NDArray[np.float64]) -> NDArray[np.float64]:
    low = code**2 / 3.0
    high = (np.exp((code - 0.55991073) / 0.17883277) + 0.28466892) / 12.0
    return np.asarray(PEAK_NITS * np.where(code <= 0.5, low, high) ** 1.2)


@lru_cache(maxsize=1)
def _display_curve() -> NDArray[np.uint8]:
    light = np.linspace(0.0, 1.0, 4096)
    coded = np.where(light < 0.018, 4.5 * light, 1.099 * light**0.45 - 0.099)
    return np.round(coded * 255.0).astype(np.uint8)
