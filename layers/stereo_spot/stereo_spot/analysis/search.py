"""Find moments: by what is said, what is described, what colours are seen, or a similar picture."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar

from stereo_spot.analysis import offline
from stereo_spot.analysis.phash import distance, phash
from stereo_spot.analysis.pictures import opened
from stereo_spot.analysis.ports import Contents, Embedder, ResultRows
from stereo_spot.analysis.records import Caption, Frame, Near, Scene, TranscriptSegment, VectorKind
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.model import Frozen

R = TypeVar("R", Scene, Frame, TranscriptSegment, Caption)

COLOURS_WEIGH = 0.4
"""A colour that is seen says less than a word that is spoken or written."""
WIDER = 4
"""How many times more rows are looked at than are asked for, before words are counted."""
FLOOR = 0.08
"""Offline vectors that have less in common than this have nothing in common."""


class Found(StrEnum):
    """In what a hit was found."""

    SPEECH = "speech"
    CAPTION = "caption"
    COLOURS = "colours"
    PICTURE = "picture"


class Hit(Frozen):
    """A moment in a film."""

    video_id: str
    title: str
    found_in: Found
    t_start: float
    t_end: float
    score: float
    text: str = ""
    frame_path: str | None = None
    """Key of the picture that shows the moment."""
    model: str
    """What compared it; `offline-...` is built in and knows words and looks, not meaning."""


def search_text(
    rows: ResultRows,
    embedder: Embedder,
    query: str,
    *,
    limit: int = 10,
    video_id: str | None = None,
) -> list[Hit]:
    """Moments for a few words, best first.

    Raises:
        RequestError: `bad_request` for a query without a word in it.
    """
    if not offline.words_of(query):
        raise RequestError(ErrorKind.BAD_REQUEST, f"nothing to search for in {query[:80]!r}")
    films = _Films(rows)
    hits: list[Hit] = []
    values = embedder.embed([query])[0]
    for kind in (VectorKind.TRANSCRIPT, VectorKind.CAPTION):
        near = rows.nearest(kind, embedder.name, values, limit=limit * WIDER, video_id=video_id)
        hits += films.hits(near, kind, embedder.name, query)
    colours = rows.nearest(
        VectorKind.COLOURS,
        offline.TEXT_MODEL,
        offline.text_vector(query),
        limit=limit * WIDER,
        video_id=video_id,
    )
    hits += films.hits(colours, VectorKind.COLOURS, offline.TEXT_MODEL, query)
    return _best(hits, limit)


def search_picture(
    rows: ResultRows, picture: bytes, *, limit: int = 10, video_id: str | None = None
) -> list[Hit]:
    """Moments that look like a picture (JPEG or PNG), best first.

    Raises:
        RequestError: `bad_request` when it is not a picture, or too large.
    """
    pixels = opened(picture)
    near = rows.nearest(
        VectorKind.PICTURE,
        offline.PICTURE_MODEL,
        offline.picture_vector(pixels),
        limit=limit,
        video_id=video_id,
    )
    hits = _Films(rows).hits(near, VectorKind.PICTURE, offline.PICTURE_MODEL, "", phash(pixels))
    return _best(hits, limit)


class _Films:
    """Finds what a row is, reading each film once."""

    def __init__(self, rows: ResultRows) -> None:
        self._rows = rows
        self._known: dict[str, Contents | None] = {}

    def hits(
        self, near: Sequence[Near], kind: VectorKind, model: str, query: str, like: str = ""
    ) -> list[Hit]:
        """The rows as moments; rows that are gone meanwhile are left out."""
        made = []
        for one in near:
            if one.video_id not in self._known:
                self._known[one.video_id] = self._rows.contents(one.video_id)
            contents = self._known[one.video_id]
            hit = _hit(contents, one, kind, model) if contents else None
            if hit is not None and contents is not None:
                made.append(_weighed(hit, query, _frame_hash(contents, one.row_id), like))
        return [hit for hit in made if hit.score >= FLOOR]


def _hit(contents: Contents, near: Near, kind: VectorKind, model: str) -> Hit | None:
    if kind is VectorKind.TRANSCRIPT:
        return _spoken(contents, near, model)
    frame_id, text, found_in = near.row_id, "", Found.PICTURE
    if kind is VectorKind.CAPTION:
        caption = _by_id(contents.captions, near.row_id)
        if caption is None:
            return None
        frame_id, text, found_in = caption.frame_id, caption.words, Found.CAPTION
    elif kind is VectorKind.COLOURS:
        found_in = Found.COLOURS
    frame = _by_id(contents.frames, frame_id)
    scene = _by_id(contents.scenes, frame.scene_id) if frame else None
    if frame is None or scene is None:
        return None
    return Hit(
        video_id=near.video_id, title=contents.video.original_name, found_in=found_in,
        t_start=scene.t_start, t_end=scene.t_end, score=near.score, text=text,
        frame_path=frame.path, model=model,
    )  # fmt: skip


def _spoken(contents: Contents, near: Near, model: str) -> Hit | None:
    segment = _by_id(contents.transcript, near.row_id)
    if segment is None:
        return None
    scenes = {scene.id: scene for scene in contents.scenes}
    shown = [f for f in contents.frames if scenes[f.scene_id].t_start <= segment.t_start]
    return Hit(
        video_id=near.video_id, title=contents.video.original_name, found_in=Found.SPEECH,
        t_start=segment.t_start, t_end=segment.t_end, score=near.score, text=segment.text,
        frame_path=shown[-1].path if shown else None, model=model,
    )  # fmt: skip


def _weighed(hit: Hit, query: str, own_hash: str, like: str) -> Hit:
    """Rows that share a chunk share its vector: the words of the row itself decide between them."""
    score = hit.score
    if hit.found_in is Found.COLOURS:
        score *= COLOURS_WEIGH
    elif hit.text:
        asked, said = set(offline.words_of(query)), set(offline.words_of(hit.text))
        score = 0.7 * score + 0.3 * len(asked & said) / max(len(asked), 1)
    elif like:
        score = 0.7 * score + 0.3 * (1.0 - distance(own_hash, like) / 64)
    return hit.model_copy(update={"score": round(score, 4)})


def _frame_hash(contents: Contents, row_id: str) -> str:
    frame = _by_id(contents.frames, row_id)
    return frame.phash if frame else "0"


def _by_id(rows: Sequence[R], row_id: str) -> R | None:
    return next((row for row in rows if row.id == row_id), None)


def _best(hits: Sequence[Hit], limit: int) -> list[Hit]:
    return sorted(hits, key=lambda hit: (-hit.score, hit.video_id, hit.t_start))[:limit]
