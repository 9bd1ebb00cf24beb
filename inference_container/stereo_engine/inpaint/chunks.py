"""Which frames are inpainted together, and how many of them only remind of what was made."""

from dataclasses import dataclass

LENGTH, OVERLAP = 23, 3


@dataclass(frozen=True)
class Chunk:
    """Frames [start, stop), of which the first `reused` are already made."""

    start: int
    stop: int
    reused: int


def chunk_at(at: int, total: int, length: int = LENGTH, overlap: int = OVERLAP) -> Chunk | None:
    """The chunk of step `at` (0, then `length - overlap` more each time) in `total` frames.

    The last one is moved so that it is not short, and is mostly reminded of more. None at the end.
    """
    if at + overlap >= total:
        return None
    if not at or at + length <= total:
        return Chunk(at, min(at + length, total), overlap if at else 0)
    start = max(total + overlap - length, 0)
    return Chunk(start, min(start + length - overlap, total), at - start + overlap)
