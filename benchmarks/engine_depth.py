"""How well the weight-free depth orders near and far, by kind of scene."""

from itertools import pairwise

import numpy as np
from stereo_engine.depth.classic import ClassicDepth
from stereo_engine.scene import KINDS, render

SEEDS, FRAMES, FIRST_SCORED = (1, 2, 3), 12, 8
"""Scored once the eight frames that depth looks back on are there; the run-up is told apart."""
PAIRS, CLEAR_SHARE = 20_000, 0.05
"""Random point pairs a frame, and by how much of the range their true disparity must differ."""


def table(seeds=SEEDS, kinds=KINDS, width=640, height=360):
    """{kind: {order, flicker, confidence}}; order 0.5 is chance, a tie counts half."""
    return {kind: _kind(kind, seeds, width, height) for kind in kinds}


def _kind(kind, seeds, width, height):
    orders, flickers, run_up = [], [], []
    for seed in seeds:
        truth = list(render(kind, seed, FRAMES, width, height, samples=1))
        depths = list(ClassicDepth().estimate(frame.left for frame in truth))
        rng = np.random.default_rng(seed)
        steps = [float(np.abs(b - a).mean()) for a, b in pairwise(depths)]
        run_up += steps[: FIRST_SCORED - 1]
        flickers += steps[FIRST_SCORED - 1 :]
        for index in range(FIRST_SCORED, FRAMES):
            orders.append(order_accuracy(depths[index], truth[index].disparity, rng))
    scores = {"order": orders, "flicker": flickers, "run_up_flicker": run_up}
    return {name: float(np.mean(values)) for name, values in scores.items()}


def order_accuracy(depth, disparity, rng):
    """Share of clearly different point pairs whose order the depth gets right."""
    picks = rng.integers(0, depth.size, (2, PAIRS))
    true = disparity.ravel()[picks]
    said = depth.ravel()[picks]
    gap = true[0] - true[1]
    clear = np.abs(gap) > CLEAR_SHARE * (disparity.max() - disparity.min())
    product = np.sign(gap) * np.sign(np.round(said[0] - said[1], 6))
    return float(np.mean((product[clear] + 1) / 2))
