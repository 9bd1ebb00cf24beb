"""Stage 6: vectors for what is said, what is described, and what is seen."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, TypeVar

from stereo_spot.analysis import offline
from stereo_spot.analysis.chunks import Chunk, chunks
from stereo_spot.analysis.ports import Embedder, ResultFiles
from stereo_spot.analysis.records import Frame, Vector, VectorKind
from stereo_spot.analysis.stages import Analyzer, Stage, Work

BATCH = 64

T = TypeVar("T")


def _run(work: Work) -> str:
    embedder = work.analyzer.embedder
    contents = work.contents()
    words = pictures = 0
    if embedder is not None:
        captions = [Chunk(caption.words, (caption.id,)) for caption in contents.captions]
        spoken = chunks(contents.transcript, contents.scenes)
        words += _embed(work, embedder, VectorKind.TRANSCRIPT, spoken)
        words += _embed(work, embedder, VectorKind.CAPTION, captions)
    for frames in _batches(contents.frames):
        work.check()
        seen = [vector for frame in frames for vector in _seen(work, frame)]
        work.analyzer.rows.save_vectors(seen)
        pictures += len(seen)
    by = embedder.name if embedder else "nothing"
    return f"{words} vectors of words by {by}, {pictures} of pictures, made offline"


def _embed(work: Work, embedder: Embedder, kind: VectorKind, texts: Sequence[Chunk]) -> int:
    """Give each row the vector of the text that the row is in."""
    made = 0
    for some in _batches(texts):
        work.check()
        values = embedder.embed([chunk.text for chunk in some])
        vectors = [
            _vector(work, kind, row_id, embedder.name, value)
            for chunk, value in zip(some, values, strict=True)
            for row_id in chunk.row_ids
        ]
        work.analyzer.rows.save_vectors(vectors)
        made += len(vectors)
    return made


def _seen(work: Work, frame: Frame) -> list[Vector]:
    """The look of a frame and its colour words; always made here, without any service."""
    pixels = pixels_of(work.analyzer.files, frame)
    if pixels is None:
        return []
    colours = offline.text_vector(offline.colour_words(pixels))
    look = offline.picture_vector(pixels)
    return [
        _vector(work, VectorKind.PICTURE, frame.id, offline.PICTURE_MODEL, look),
        _vector(work, VectorKind.COLOURS, frame.id, offline.TEXT_MODEL, colours),
    ]


def pixels_of(files: ResultFiles, frame: Frame) -> Any:
    """The stored picture of a frame: uint8 BGR [H, W, 3]; None where there is none."""
    import cv2
    import numpy

    picture = files.open(frame.path)
    if picture is None:
        return None
    with closing(picture):
        data = numpy.frombuffer(picture.read_at(0, picture.size), numpy.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def _vector(
    work: Work, kind: VectorKind, row_id: str, model: str, values: tuple[float, ...]
) -> Vector:
    return Vector(kind=kind, row_id=row_id, video_id=work.video_id, model=model, values=values)


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for at in range(0, len(items), BATCH):
        yield items[at : at + BATCH]


def _off(work: Work) -> str | None:
    return None if work.analyzer.options.embed else "switched off (ENABLE_EMBEDDINGS)"


def _settings(analyzer: Analyzer) -> dict[str, str]:
    return {
        "words": analyzer.embedder.name if analyzer.embedder else "",
        "pictures": offline.PICTURE_MODEL,
        "colours": offline.TEXT_MODEL,
    }


STAGE = Stage("embed", 1, ("transcribe", "scenes", "frames", "vision"), _settings, _run, _off)
