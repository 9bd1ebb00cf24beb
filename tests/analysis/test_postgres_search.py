"""What the planner of Postgres makes of a search, on a real one."""

import math
import re

import psycopg
import pytest
from pgvector import Vector as PgVector
from stereo_spot.adapters.postgres.connection import SQL, Postgres
from stereo_spot.adapters.postgres.rows import PostgresResultRows
from stereo_spot.analysis.records import (
    DIMENSIONS,
    Caption,
    Frame,
    Scene,
    TranscriptSegment,
    Vector,
    VectorKind,
    Video,
    caption_id,
    frame_id,
    scene_id,
    segment_id,
)

ROWS, AT_ONCE = 4000, 500
INDEXES = {
    VectorKind.TRANSCRIPT: "transcript_vectors",
    VectorKind.CAPTION: "caption_vectors",
    VectorKind.PICTURE: "picture_vectors",
    VectorKind.COLOURS: "colour_vectors",
}


@pytest.fixture
def uncounted(postgres_server):
    """A database of its own, in which nobody else counts rows."""
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE uncounted")
        url = postgres_server.get_uri().replace("/postgres?", "/uncounted?")
        opened = Postgres(url)
        with psycopg.connect(url) as other:
            for table in ("transcript_segments", "frame_captions", "frame_vectors"):
                other.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        yield opened
        opened.close()
        connection.execute("DROP DATABASE uncounted WITH (FORCE)")


@pytest.mark.parametrize("kind", VectorKind)
def test_the_index_answers_straight_after_a_bulk_load(uncounted, kind):
    rows = PostgresResultRows(uncounted)
    ids = fill(rows, kind)
    for at in range(0, ROWS, AT_ONCE):
        made = [
            Vector(kind=kind, row_id=ids[i], video_id="film", model="m", values=direction(i))
            for i in range(at, at + AT_ONCE)
        ]
        rows.save_vectors(made)

    plan = uncounted.transaction(lambda connection: explained(connection, kind))

    assert f"Index Scan using {INDEXES[kind]}" in plan
    assert len(rows.nearest(kind, "m", direction(7), limit=40)) == 40


def fill(rows: PostgresResultRows, kind: VectorKind) -> list[str]:
    """The rows that vectors of this kind belong to; returns their ids."""
    rows.save_video(Video(id="film", original_path="x", original_name="x"))
    if kind is VectorKind.TRANSCRIPT:
        said = [
            TranscriptSegment(
                id=segment_id("film", i), video_id="film", t_start=i, t_end=i + 1, text="x"
            )
            for i in range(ROWS)
        ]
        rows.replace("film", TranscriptSegment, said)
        return [segment.id for segment in said]
    scene = Scene(id=scene_id("film", 0), video_id="film", idx=0, t_start=0, t_end=1)
    frames = [
        Frame(id=frame_id("film", i), scene_id=scene.id, t_frame=i, path="x", phash="0" * 16)
        for i in range(ROWS)
    ]
    rows.replace("film", Scene, [scene])
    rows.replace("film", Frame, frames)
    if kind is not VectorKind.CAPTION:
        return [frame.id for frame in frames]
    captions = [Caption(id=caption_id(f.id), frame_id=f.id, caption="x") for f in frames]
    rows.save_captions("film", captions)
    return [caption.id for caption in captions]


def direction(number: int) -> tuple[float, ...]:
    """One of a hundred."""
    return tuple(math.sin(1.0 + number % 100 * (place + 1)) for place in range(DIMENSIONS))


def explained(connection: psycopg.Connection, kind: VectorKind) -> str:
    """How a search would be answered now."""
    text = SQL.joinpath("rows.sql").read_text()
    (search,) = re.findall(rf"^-- name: near_{kind}\n(.+?);", text, flags=re.M | re.S)
    asked = {"values": PgVector(list(direction(7))), "model": "m", "video": None, "limit": 40}
    return "\n".join(line for (line,) in connection.execute(f"EXPLAIN {search}", asked))
