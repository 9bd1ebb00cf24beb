"""When two pictures are the same: a perceptual hash that changes little when they do, and colours.

The hash sees light and shade only, so pictures of other colours may share it.
"""

from typing import Any

SIDE, KEPT = 32, 8
PLACES = 4
OTHER_COLOUR = 24.0
"""Mean difference of colours by place, of 255, that makes another picture."""


def phash(bgr: Any) -> str:
    """The hash as 16 hex digits. `bgr`: uint8 [H, W, 3]."""
    import cv2
    import numpy

    grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(numpy.float32)
    low = cv2.dct(small)[:KEPT, :KEPT]
    bits = (low > numpy.median(low)).ravel()  # [64]
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


def distance(one: str, other: str) -> int:
    """In how many of 64 bits two hashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def colours(bgr: Any) -> Any:
    """Mean colour by place: float32 [4, 4, 3]. `bgr`: uint8 [H, W, 3]."""
    import cv2
    import numpy

    small = cv2.resize(bgr, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(numpy.float32)
    return cv2.resize(small, (PLACES, PLACES), interpolation=cv2.INTER_AREA)


def same_colours(one: Any, other: Any) -> bool:
    """Whether two pictures have about the same colours in the same places."""
    return float(abs(one - other).mean()) < OTHER_COLOUR
