"""The analyzer's rows in Postgres, their vectors in pgvector columns."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pgvector import Vector as PgVector
from psycopg.types.json import Jsonb

from stereo_spot.adapters.postgres.connection import Connection, Postgres, statements
from stereo_spot.analysis.ports import Contents, StageRow
from stereo_spot.analysis.records import (
    Caption,
    Frame,
    Near,
    Scene,
    StageMark,
    TranscriptSegment,
    Vector,
    VectorKind,
    Video,
)

_WRITES: dict[type[StageRow], tuple[str, str]] = {
    Scene: ("drop_scenes", "put_scene"),
    Frame: ("drop_frames", "put_frame"),
    TranscriptSegment: ("drop_transcript", "put_segment"),
}
COUNTED_EVERY = 1000
"""Vectors after which a table is counted; fewer are compared one by one as quickly."""


class PostgresResultRows:
    """All tables but the jobs."""

    def __init__(self, database: Postgres) -> None:
        self._database = database
        self._sql = statements("rows")
        self._not_counted = Counter[VectorKind]()

    def save_video(self, video: Video) -> None:
        """Store or replace the row of a film."""
        self._database.changed(self._sql["save_video"], video.model_dump(mode="json"))

    def contents(self, video_id: str) -> Contents | None:
        """Everything known of a film."""

        def read(connection: Connection) -> Contents | None:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            videos = self._dicts(connection, "video", video_id)
            if not videos:
                return None
            return Contents(
                video=Video.load(videos[0]),
                scenes=tuple(map(Scene.load, self._dicts(connection, "scenes", video_id))),
                frames=tuple(map(Frame.load, self._dicts(connection, "frames", video_id))),
                transcript=tuple(
                    map(TranscriptSegment.load, self._dicts(connection, "transcript", video_id))
                ),
                captions=tuple(map(Caption.load, self._dicts(connection, "captions", video_id))),
                marks=tuple(map(StageMark.load, self._dicts(connection, "stages", video_id))),
            )

        return self._database.transaction(read)

    def replace(self, video_id: str, kind: type[StageRow], rows: Sequence[StageRow]) -> None:
        """Make `rows` all the rows of this kind that the film has."""
        drop, put = _WRITES[kind]
        known: dict[str, Any] = {"video": video_id, "ids": [row.id for row in rows]}
        spoken = [row for row in rows if isinstance(row, TranscriptSegment)]
        known |= {"starts": [r.t_start for r in spoken], "ends": [r.t_end for r in spoken]}

        def write(connection: Connection) -> None:
            connection.execute(self._sql[drop], known)
            if rows:
                connection.cursor().executemany(
                    self._sql[put], [row.model_dump(mode="json") for row in rows]
                )

        self._database.transaction(write)

    def save_captions(self, video_id: str, captions: Sequence[Caption]) -> None:
        """Store or replace captions."""
        for caption in captions:
            values = caption.model_dump(mode="json")
            values["entities"] = Jsonb(values["entities"])
            self._database.changed(self._sql["put_caption"], values)

    def mark(self, video_id: str, mark: StageMark) -> None:
        """Note that a stage ended."""
        values = {"video": video_id, **mark.model_dump(mode="json")}
        self._database.changed(self._sql["put_stage"], values)

    def forget(self, video_id: str) -> None:
        """Remove every row of a film; what hangs on it goes with it."""
        self._database.changed(self._sql["forget_video"], {"video": video_id})

    def save_vectors(self, vectors: Sequence[Vector]) -> None:
        """Store or replace vectors of rows."""

        def write(connection: Connection) -> None:
            for kind in VectorKind:
                values = [
                    {"row": v.row_id, "model": v.model, "values": PgVector(list(v.values))}
                    for v in vectors
                    if v.kind is kind
                ]
                if values:
                    connection.cursor().executemany(self._sql[f"vector_{kind}"], values)

        self._database.transaction(write)
        self._learn(vectors)

    def nearest(
        self,
        kind: VectorKind,
        model: str,
        values: Sequence[float],
        *,
        limit: int,
        video_id: str | None = None,
    ) -> list[Near]:
        """The rows whose vectors point most nearly the same way, by the index of the column."""
        asked = {
            "values": PgVector(list(values)),
            "model": model,
            "video": video_id,
            "limit": limit,
        }
        return [
            Near(row_id=row_id, video_id=video, score=score)
            for row_id, video, score in self._database.rows(self._sql[f"near_{kind}"], asked)
            if not math.isnan(score)
        ]

    def counts(self) -> dict[str, int]:
        """How many rows of each table there are."""
        names = ("videos", "scenes", "frames", "transcript_segments", "frame_captions", "vectors")
        return dict(zip(names, self._database.rows(self._sql["counts"], {})[0], strict=True))

    def _learn(self, vectors: Sequence[Vector]) -> None:
        """Have a table counted after a bulk load, or its index looks dearer than all its rows.

        The server does so by itself, but a minute or more later.
        """
        for kind, number in Counter(vector.kind for vector in vectors).items():
            self._not_counted[kind] += number
            if self._not_counted[kind] >= COUNTED_EVERY:
                self._count(kind)

    def _count(self, kind: VectorKind) -> None:
        self._not_counted[kind] = 0
        statement = self._sql[f"count_{kind}"]
        self._database.transaction(lambda connection: connection.execute(statement))

    def _dicts(self, connection: Connection, name: str, video_id: str) -> list[dict[str, Any]]:
        found = connection.execute(self._sql[name], {"video": video_id})
        names = [column.name for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found]
