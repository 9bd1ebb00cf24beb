"""Transcript in pieces of a size that embeds well, each within one scene."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from stereo_spot.analysis.records import Scene, TranscriptSegment

CHARS_PER_TOKEN = 4
CHUNK_CHARS = 500 * CHARS_PER_TOKEN
OVERLAP_CHARS = 50 * CHARS_PER_TOKEN


class Chunk(NamedTuple):
    """A text, and the rows that its vector belongs to."""

    text: str
    row_ids: tuple[str, ...]


def chunks(segments: Sequence[TranscriptSegment], scenes: Sequence[Scene]) -> list[Chunk]:
    """Every segment is in exactly one chunk; a chunk repeats the end of the one before it."""
    starts = [scene.t_start for scene in scenes]

    def scene_of(segment: TranscriptSegment) -> int:
        return bisect_right(starts, (segment.t_start + segment.t_end) / 2)

    found: list[Chunk] = []
    for _, spoken in groupby(segments, scene_of):
        found += _of_scene(list(spoken))
    return found


def _of_scene(segments: Sequence[TranscriptSegment]) -> Iterator[Chunk]:
    tail, members = "", list[TranscriptSegment]()
    for segment in segments:
        if members and len(_text(tail, [*members, segment])) > CHUNK_CHARS:
            yield _chunk(tail, members)
            tail, members = _end(_text("", members)), []
        members.append(segment)
    if members:
        yield _chunk(tail, members)


def _chunk(tail: str, members: Sequence[TranscriptSegment]) -> Chunk:
    return Chunk(_text(tail, members), tuple(segment.id for segment in members))


def _text(tail: str, members: Sequence[TranscriptSegment]) -> str:
    return " ".join((*([tail] if tail else []), *(segment.text for segment in members)))


def _end(text: str) -> str:
    """The last whole words of a text."""
    if len(text) <= OVERLAP_CHARS:
        return text
    return text[-OVERLAP_CHARS:].partition(" ")[2]
