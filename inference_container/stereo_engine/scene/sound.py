"""The demonstration's soundtrack, made on the spot: a soft chord and wandering chimes."""

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
CHORD_HZ = (146.83, 220.0, 277.18, 329.63)
CHIMES_HZ = (587.33, 659.26, 739.99, 880.0, 987.77, 1174.66)
CHIME_EVERY_S = 0.36


def soundtrack(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """Stereo sound float32 [2, samples] in -1..1, 48 kHz."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    time = np.arange(count) / RATE
    pad = sum(np.sin(2 * np.pi * hz * time) for hz in CHORD_HZ) * (0.05 + 0.02 * np.sin(time * 2))
    sides = np.stack([pad, pad])
    for start in np.arange(0.0, seconds, CHIME_EVERY_S):
        first = round(float(start) * RATE)
        ring = time[: count - first]
        tone = float(rng.choice(CHIMES_HZ))
        strike = np.sin(2 * np.pi * tone * ring) + 0.35 * np.sin(2 * np.pi * 2.76 * tone * ring)
        pan = float(rng.uniform(0.15, 0.85))
        sides[:, first:] += 0.16 * np.outer([1 - pan, pan], strike * np.exp(-4.5 * ring))
    edge = np.minimum(1.0, np.minimum(time, seconds - time) / 0.15)
    return np.asarray(np.clip(sides * edge, -1.0, 1.0), np.float32)
