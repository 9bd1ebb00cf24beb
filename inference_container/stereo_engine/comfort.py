"""What a viewer's eyes are asked to do: a report over one film, in percent of picture width."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from stereo_engine.depth import ranks

FRONT_LIMIT_PCT, BEHIND_LIMIT_PCT = 1.0, 2.0
EDGE_COLUMNS = 0.01
"""Share of the width at each side where nothing should stand before the screen."""
WINDOW_TOLERANCE_PCT = 0.1


@dataclass
class ComfortReport:
    """Gathers figures frame by frame."""

    frames: int = 0
    front_pct: float = 0.0
    behind_pct: float = 0.0
    largest_step_pct: float = 0.0
    step_sum_pct: float = 0.0
    steps: int = 0
    hidden_pixels: int = 0
    pixels: int = 0
    """Of one eye, over all frames."""
    window_violations: int = 0
    _before: NDArray[np.float32] | None = field(default=None, repr=False)

    def add(
        self, disparity_px: NDArray[np.float32], size: tuple[int, int], *, cut: bool, hidden: int
    ) -> None:
        """Count one frame: its disparity (any map size, in px of a picture of `size`)."""
        percent = disparity_px * np.float32(100.0 / size[0])
        low, high = ranks(percent[::4, ::4], (0.01, 0.99))
        self.frames += 1
        self.front_pct = max(self.front_pct, high)
        self.behind_pct = min(self.behind_pct, low)
        if self._before is not None and not cut and self._before.shape == percent.shape:
            step = cv2.norm(percent, self._before, cv2.NORM_L1) / percent.size
            self.largest_step_pct = max(self.largest_step_pct, step)
            self.step_sum_pct += step
            self.steps += 1
        self._before = percent
        strip = max(1, round(percent.shape[1] * EDGE_COLUMNS))
        edges = max(float(percent[:, :strip].max()), float(percent[:, -strip:].max()))
        self.window_violations += edges > WINDOW_TOLERANCE_PCT
        self.hidden_pixels += hidden
        self.pixels += size[0] * size[1]

    def summary(self) -> dict[str, float]:
        """The report as plain values."""
        frames = max(self.frames, 1)
        return {
            "front_pct": round(self.front_pct, 3),
            "behind_pct": round(-self.behind_pct, 3),
            "largest_step_pct": round(self.largest_step_pct, 4),
            "mean_step_pct": round(self.step_sum_pct / max(self.steps, 1), 4),
            "hidden_share": round(self.hidden_pixels / max(self.pixels, 1), 5),
            "window_violation_share": round(self.window_violations / frames, 4),
        }
