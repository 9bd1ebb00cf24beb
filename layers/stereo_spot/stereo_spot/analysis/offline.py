"""Built-in vectors that need no service: hashed words, and the look of a picture.

They find what shares words or looks alike; they know nothing of meaning, and their model names
(`offline-...`) say so wherever a result is shown.
"""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from stereo_spot.analysis.records import DIMENSIONS

TEXT_MODEL = "offline-hashed-words-1"
PICTURE_MODEL = "offline-picture-features-1"
GRID = 4
_STOP = frozenset(
    ["a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "has", "have", "in", "is",
     "it", "its", "of", "on", "or", "that", "the", "this", "to", "was", "with"]
)  # fmt: skip
_SAME = {"grey": "gray", "violet": "purple", "turquoise": "cyan"}
_SHARE = 0.04
"""Share of a picture that a colour must cover to be named."""


class OfflineEmbedder:
    """Hashed words and parts of words."""

    name = TEXT_MODEL

    def embed(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        """One vector for each text."""
        return [text_vector(text) for text in texts]


def text_vector(text: str) -> tuple[float, ...]:
    """Unit vector of the words of a text; all zeros for a text without any."""
    values = [0.0] * DIMENSIONS
    for feature, weight in _features(text):
        place, sign = _hashed(feature)
        values[place] += sign * weight
    return unit(values)


def unit(values: Sequence[float]) -> tuple[float, ...]:
    """The same direction with length 1, filled up with zeros to the stored length."""
    length = math.sqrt(sum(value * value for value in values))
    scaled = [value / length for value in values] if length else list(values)
    return (*scaled, *([0.0] * (DIMENSIONS - len(scaled))))


def words_of(text: str) -> list[str]:
    """The words that count, in lower case, without common endings, and colours by one name."""
    words = re.findall(r"\w+", text.lower())
    return [_SAME.get(word, _stem(word)) for word in words if word not in _STOP]


def _features(text: str) -> Iterator[tuple[str, float]]:
    for word, times in Counter(words_of(text)).items():
        weight = 1.0 + math.log(times)
        yield f"w:{word}", weight
        padded = f"^{word}$"
        grams = [padded[i : i + 3] for i in range(len(padded) - 2)]
        for gram in grams:
            yield f"g:{gram}", 0.4 * weight / math.sqrt(len(grams))


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


@lru_cache(maxsize=1 << 16)
def _hashed(feature: str) -> tuple[int, float]:
    number = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "big")
    return (number >> 1) % DIMENSIONS, 1.0 if number & 1 else -1.0


def picture_vector(bgr: Any) -> tuple[float, ...]:
    """Unit vector of colours and edges by place. `bgr`: uint8 [H, W, 3]."""
    import cv2
    import numpy

    small = cv2.resize(bgr, (128, 128), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(numpy.float32) / 255.0 - 0.5
    cells = lab.reshape(GRID, 128 // GRID, GRID, 128 // GRID, 3)  # [4, 32, 4, 32, 3]
    colour = numpy.concatenate([cells.mean((1, 3)).ravel(), cells.std((1, 3)).ravel()])
    edges = _edges(lab[..., 0])
    parts = [part / max(float(numpy.linalg.norm(part)), 1e-6) for part in (colour, edges)]
    return unit([float(value) for value in numpy.concatenate(parts)])


def _edges(light: Any) -> Any:
    """Strength of edges by direction (8) and place (4 x 4). `light`: float32 [128, 128]."""
    import cv2
    import numpy

    across, down = (cv2.Sobel(light, cv2.CV_32F, *way) for way in ((1, 0), (0, 1)))
    strength, angle = numpy.hypot(across, down), numpy.arctan2(down, across) % numpy.pi
    direction = numpy.minimum((angle / numpy.pi * 8).astype(int), 7)
    row, column = numpy.indices(light.shape) // (128 // GRID)
    place = (row * GRID + column) * 8 + direction
    total = numpy.bincount(place.ravel(), strength.ravel(), GRID * GRID * 8)
    return numpy.sqrt(total)


def colour_words(bgr: Any) -> str:
    """The colours a picture shows, the largest first, and whether it is dark or bright."""
    import cv2
    import numpy

    small = cv2.resize(bgr, (64, 64), interpolation=cv2.INTER_AREA)
    hue, saturation, value = numpy.moveaxis(cv2.cvtColor(small, cv2.COLOR_BGR2HSV), 2, 0)
    grey = saturation < 45
    masks = {"black": value < 45, "white": grey & (value > 200)}
    masks["gray"] = grey & ~masks["black"] & ~masks["white"]
    coloured = ~(grey | masks["black"])
    brown = coloured & (hue >= 5) & (hue < 22) & (value < 150)
    masks["brown"] = brown
    bounds = [("red", 0), ("orange", 8), ("yellow", 22), ("green", 35), ("cyan", 80),
              ("blue", 95), ("purple", 130), ("pink", 150), ("red", 170), ("", 181)]  # fmt: skip
    for (name, start), (_, end) in pairwise(bounds):
        here = coloured & ~brown & (hue >= start) & (hue < end)
        masks[name] = masks.get(name, False) | here
    shares = sorted(((float(mask.mean()), name) for name, mask in masks.items()), reverse=True)
    words = [name for share, name in shares if share >= _SHARE]
    light = float(value.mean())
    return " ".join([*words, *(["dark"] if light < 70 else ["bright"] if light > 185 else [])])
