"""How well the weight-free depth orders near and far, by kind of scene."""

from itertools import pairwise

import numpy as np
from stereo_engine.depth.classic import ClassicDepth
from stereo_engine.scene import CALM, KINDS, render

SEEDS, FRAMES = (101, 102, 103, 104), 12
"""Seeds that no setting was chosen on; those were chosen on 1 to 3, and on the same kinds."""
FIRST_SCORED, FIRST_SETTLED = 3, 8
"""Scored from the fourth frame to the eighth; then all eight frames that depth looks back on are
there, and steadiness is told once more."""
PAIRS, CLEAR_SHARE = 20_000, 0.05
"""Random point pairs a frame, and by how much of the range their true disparity must differ."""


def table(seeds=SEEDS, kinds=KINDS, width=640, height=360, look=CALM):
    """{kind: {order, flicker, settled, after_a_cut}}; order 0.5 is chance, a tie counts half."""
    return {kind: _kind(kind, seeds, width, height, look) for kind in kinds}


def _kind(kind, seeds, width, height, look):
    orders, flickers, settled, after_a_cut = [], [], [], []
    for seed in seeds:
        truth = list(render(kind, seed, FRAMES, width, height, samples=1, look=look))
        depths = list(ClassicDepth().estimate(frame.left for frame in truth))
        rng = np.random.default_rng(seed)
        steps = [float(np.abs(b - a).mean()) for a, b in pairwise(depths)]
        after_a_cut += steps[: FIRST_SCORED - 1]
        flickers += steps[FIRST_SCORED - 1 : FIRST_SETTLED - 1]
        settled += steps[FIRST_SETTLED - 1 :]
        for index in range(FIRST_SCORED, FIRST_SETTLED):
            orders.append(order_accuracy(depths[index], truth[index].disparity, rng))
    scores = {
        "order": orders,
        "flicker": flickers,
        "settled": settled,
        "after_a_cut": after_a_cut,
    }
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
