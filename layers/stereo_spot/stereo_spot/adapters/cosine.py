"""Vectors compared one by one: for stores that have no vector index of their own."""

from array import array
from collections.abc import Sequence

from stereo_spot.analysis.records import DIMENSIONS, Near


def pack(values: Sequence[float]) -> bytes:
    """32-bit floats, little end first on every machine this runs on."""
    return array("f", values).tobytes()


class Matrix:
    """Packed vectors of rows (row id, video id, floats), ready to be compared."""

    def __init__(self, rows: Sequence[tuple[str, str, bytes]]) -> None:
        import numpy  # slow to load, needed only where something is searched

        self._numpy = numpy
        self._names = [(row_id, video_id) for row_id, video_id, _ in rows]
        data = numpy.frombuffer(b"".join(floats for *_, floats in rows), numpy.float32)
        data = data.reshape(-1, DIMENSIONS)  # [N, DIMENSIONS]
        lengths = numpy.linalg.norm(data, axis=1, keepdims=True)
        self._unit = data / numpy.maximum(lengths, 1e-12)

    def nearest(self, values: Sequence[float], *, limit: int, video_id: str | None) -> list[Near]:
        """The rows that point most nearly the same way, best first."""
        numpy = self._numpy
        asked = numpy.asarray(values, numpy.float32)
        scores = self._unit @ (asked / max(float(numpy.linalg.norm(asked)), 1e-12))
        if video_id is not None:
            own = numpy.fromiter((video == video_id for _, video in self._names), bool)
            scores = numpy.where(own, scores, -2.0)
        best = numpy.argsort(-scores, kind="stable")[:limit]
        return [
            Near(row_id=self._names[i][0], video_id=self._names[i][1], score=float(scores[i]))
            for i in best
            if scores[i] > -2.0
        ]
