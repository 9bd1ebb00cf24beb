"""Tell a scene cut from the ordinary change between frames, on tiny grey pictures."""

from collections.abc import Sequence

WIDTH, HEIGHT = 32, 18
CUT_STEP = 18.0
"""Mean change of grey level, of 255, that a cut makes at the least."""
CUT_RATIO = 3.0
"""How many times the usual change around it a cut is."""


def change(before: bytes, after: bytes) -> float:
    """Mean absolute difference of two grey pictures of equal size."""
    return sum(abs(a - b) for a, b in zip(before, after, strict=True)) / len(before)


def strongest_cut(changes: Sequence[float]) -> int | None:
    """Position of the strongest cut in a run of changes; None where there is none.

    The change before a cut frame is far above both a fixed level and the median around it, so a
    pan or a fade is no cut.
    """
    if not changes:
        return None
    best = max(range(len(changes)), key=changes.__getitem__)
    usual = sorted(changes)[len(changes) // 2]
    return best if changes[best] >= max(CUT_STEP, CUT_RATIO * usual) else None
