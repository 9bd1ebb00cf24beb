"""What the tests of the warp share: every backend that works here, pictures, wild disparity."""

import numpy as np
import pytest
from stereo_engine.splat import FILLS, backends

BACKENDS = [
    pytest.param(name, marks=pytest.mark.skipif(name not in backends(), reason=f"no {name} here"))
    for name in ("numba", "numpy", "torch")
]
each_backend = pytest.mark.parametrize("backend", BACKENDS)
each_fill = pytest.mark.parametrize("fill", FILLS)


def picture(size, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


def wild_disparity(size, seed=0, reach=9.0):
    return np.random.default_rng(seed).uniform(-reach, reach, size).astype(np.float32)
