"""Perceptual hash of a picture: 64 bits that change little when the picture does."""

from typing import Any

SIDE, KEPT = 32, 8


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
