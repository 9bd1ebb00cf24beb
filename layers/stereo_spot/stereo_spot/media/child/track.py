"""What the boxes of an mp4's video track say."""

import math
from collections.abc import Iterator

from stereo_spot.media.child import boxes
from stereo_spot.media.child.boxes import Box
from stereo_spot.media.child.door import Film

ID = {0: 12, 1: 20}
MATRIX = {0: 40, 1: 52}
SHAPE_BYTES = 44


def tables(film: Film, kind: bytes) -> Iterator[Box]:
    """The sample tables of a kind: one, if the film is an mp4 that keeps to the form."""
    for track in _video_tracks(film):
        yield from boxes.find(film.file, track, b"mdia", b"minf", b"stbl", kind)


def shape(film: Film) -> bytes:
    """Matrix, width and height of the picture as the track's head has them; empty without one."""
    for track in _video_tracks(film):
        head = _head(film, track)
        at = MATRIX[min(head[0], 1)]
        return head[at : at + SHAPE_BYTES]
    return b""


def rotation(film: Film) -> int:
    """How many degrees clockwise the film wants its pictures turned."""
    a, b = (int.from_bytes(shape(film)[at : at + 4], "big", signed=True) for at in (0, 4))
    return round(math.degrees(math.atan2(b, a))) % 360


def _video_tracks(film: Film) -> Iterator[Box]:
    for moov in (box for box in film.top if box.kind == b"moov"):
        for track in boxes.find(film.file, moov, b"trak"):
            head = _head(film, track)
            at = ID[min(head[0], 1)] if head else 0
            if head and int.from_bytes(head[at : at + 4], "big") == film.video.id:
                yield track
                return


def _head(film: Film, track: Box) -> bytes:
    for box in boxes.find(film.file, track, b"tkhd"):
        return film.file.exactly(box.start, MATRIX[1] + SHAPE_BYTES)
    return b""
