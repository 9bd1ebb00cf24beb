"""The analyzer's rows in SQLite."""

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from stereo_spot.adapters.cosine import Matrix, pack
from stereo_spot.adapters.local.database import Database
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

_TABLES: dict[type[StageRow], str] = {
    Scene: "scenes",
    Frame: "frames",
    TranscriptSegment: "transcript_segments",
}
_COLUMNS = {
    "scenes": ("id", "video_id", "idx", "t_start", "t_end", "clip_path"),
    "frames": ("id", "video_id", "scene_id", "t_frame", "path", "phash"),
    "transcript_segments": ("id", "video_id", "t_start", "t_end", "text"),
    "frame_captions": ("id", "video_id", "frame_id", "caption", "entities", "made_by"),
}
_ORDERS = {
    "scenes": "idx",
    "frames": "t_frame",
    "transcript_segments": "t_start, id",
    "frame_captions": "id",
}
_COUNTED = (*_COLUMNS, "videos", "vectors")
_ORPHANS = (
    "DELETE FROM frames WHERE video_id = :video"
    " AND scene_id NOT IN (SELECT id FROM scenes WHERE video_id = :video)",
    "DELETE FROM frame_captions WHERE video_id = :video"
    " AND frame_id NOT IN (SELECT id FROM frames WHERE video_id = :video)",
    "DELETE FROM vectors WHERE video_id = :video AND row_id NOT IN ("
    " SELECT id FROM frames WHERE video_id = :video"
    " UNION ALL SELECT id FROM transcript_segments WHERE video_id = :video"
    " UNION ALL SELECT id FROM frame_captions WHERE video_id = :video)",
)


class SqliteResultRows:
    """All tables but the jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._matrices: dict[tuple[str, str], tuple[object, Matrix]] = {}

    def save_video(self, video: Video) -> None:
        """Store or replace the row of a film."""
        values = video.model_dump(mode="json")
        names = ", ".join(values)
        changes = ", ".join(f"{name} = excluded.{name}" for name in values if name != "id")
        with self._database.write() as connection:
            connection.execute(
                f"INSERT INTO videos ({names}) VALUES ({_marks(values)})"
                f" ON CONFLICT (id) DO UPDATE SET {changes}, updated_at = ?",
                [*values.values(), time.time()],
            )

    def contents(self, video_id: str) -> Contents | None:
        """Everything known of a film."""
        with _moment(self._database.read()) as connection:
            videos = _dicts(connection, "SELECT * FROM videos WHERE id = ?", video_id)
            if not videos:
                return None
            found = {
                table: _dicts(
                    connection,
                    f"SELECT * FROM {table} WHERE video_id = ? ORDER BY {order}",
                    video_id,
                )
                for table, order in _ORDERS.items()
            }
            marks = _dicts(connection, "SELECT * FROM stages WHERE video_id = ?", video_id)
        for row in found["frame_captions"]:
            row["entities"] = json.loads(row["entities"])
        return Contents(
            video=Video.load(videos[0]),
            scenes=tuple(map(Scene.load, found["scenes"])),
            frames=tuple(map(Frame.load, found["frames"])),
            transcript=tuple(map(TranscriptSegment.load, found["transcript_segments"])),
            captions=tuple(map(Caption.load, found["frame_captions"])),
            marks=tuple(map(StageMark.load, marks)),
        )

    def replace(self, video_id: str, kind: type[StageRow], rows: Sequence[StageRow]) -> None:
        """Make `rows` all the rows of this kind that the film has."""
        table = _TABLES[kind]
        with self._database.write() as connection:
            ids = json.dumps([row.id for row in rows])
            connection.execute(
                f"DELETE FROM {table} WHERE video_id = ?"
                " AND id NOT IN (SELECT value FROM json_each(?))",
                (video_id, ids),
            )
            for row in rows:
                _upsert(connection, table, {**row.model_dump(mode="json"), "video_id": video_id})
            for statement in _ORPHANS:
                connection.execute(statement, {"video": video_id})

    def save_captions(self, video_id: str, captions: Sequence[Caption]) -> None:
        """Store or replace captions."""
        with self._database.write() as connection:
            for caption in captions:
                row = caption.model_dump(mode="json")
                row |= {"video_id": video_id, "entities": json.dumps(row["entities"])}
                _upsert(connection, "frame_captions", row)

    def mark(self, video_id: str, mark: StageMark) -> None:
        """Note that a stage ended."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO stages (video_id, stage, basis, state, note)"
                " VALUES (?, ?, ?, ?, ?)",
                (video_id, mark.stage, mark.basis, mark.state, mark.note),
            )

    def forget(self, video_id: str) -> None:
        """Remove every row of a film."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM videos WHERE id = ?", (video_id,))
            for table in (*_COLUMNS, "vectors", "stages"):
                connection.execute(f"DELETE FROM {table} WHERE video_id = ?", (video_id,))

    def save_vectors(self, vectors: Sequence[Vector]) -> None:
        """Store or replace vectors of rows."""
        with self._database.write() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO vectors (kind, row_id, video_id, model, floats)"
                " VALUES (?, ?, ?, ?, ?)",
                [(v.kind, v.row_id, v.video_id, v.model, pack(v.values)) for v in vectors],
            )

    def nearest(
        self,
        kind: VectorKind,
        model: str,
        values: Sequence[float],
        *,
        limit: int,
        video_id: str | None = None,
    ) -> list[Near]:
        """Compares with every vector; they are kept in memory until some change."""
        return self._matrix(kind, model).nearest(values, limit=limit, video_id=video_id)

    def counts(self) -> dict[str, int]:
        """How many rows of each table there are."""
        connection = self._database.read()
        return {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in _COUNTED
        }

    def _matrix(self, kind: str, model: str) -> Matrix:
        connection = self._database.read()
        where = "FROM vectors WHERE kind = ? AND model = ?"
        state = connection.execute(
            f"SELECT count(*), max(number) {where}", (kind, model)
        ).fetchone()
        kept = self._matrices.get((kind, model))
        if kept is None or kept[0] != state:
            rows = connection.execute(
                f"SELECT row_id, video_id, floats {where}", (kind, model)
            ).fetchall()
            kept = self._matrices[kind, model] = (state, Matrix(rows))
        return kept[1]


@contextmanager
def _moment(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All reads in here see the same state; writers are not held up."""
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        connection.execute("ROLLBACK")


def _upsert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    names = _COLUMNS[table]
    changes = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    connection.execute(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({_marks(names)})"
        f" ON CONFLICT (id) DO UPDATE SET {changes}",
        [row.get(name) for name in names],
    )


def _marks(names: Any) -> str:
    return ", ".join("?" for _ in names)


def _dicts(connection: sqlite3.Connection, query: str, *values: object) -> list[dict[str, Any]]:
    found = connection.execute(query, values)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found]
