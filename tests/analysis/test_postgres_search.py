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
    TranscriptSegment,
    Vector,
    VectorKind,
    Video,
    segment_id,
)

ROWS, AT_ONCE = 4000, 500


@pytest.fixture
def uncounted(postgres_server):
    """A database of its own, in which nobody else counts rows."""
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE uncounted")
        url = postgres_server.get_uri().replace("/postgres?", "/uncounted?")
        opened = Postgres(url)
        with psycopg.connect(url) as other:
            other.execute("ALTER TABLE transcript_segments SET (autovacuum_enabled = off)")
        yield opened
        opened.close()
        connection.execute("DROP DATABASE uncounted WITH (FORCE)")


def direction(number: int) -> tuple[float, ...]:
    """One of a hundred."""
    return tuple(math.sin(1.0 + number % 100 * (place + 1)) for place in range(DIMENSIONS))


def test_the_index_answers_straight_after_a_bulk_load(uncounted):
    rows = PostgresResultRows(uncounted)
    rows.save_video(Video(id="film", original_path="x", original_name="x"))
    ids = [segment_id("film", number) for number in range(ROWS)]
    said = [
        TranscriptSegment(id=row, video_id="film", t_start=i, t_end=i + 1, text="x")
        for i, row in enumerate(ids)
    ]
    rows.replace("film", TranscriptSegment, said)
    for at in range(0, ROWS, AT_ONCE):
        rows.save_vectors(
            [
                Vector(kind=VectorKind.TRANSCRIPT, row_id=ids[i], video_id="film", model="m",
                       values=direction(i))
                for i in range(at, at + AT_ONCE)
            ]
        )  # fmt: skip

    plan = uncounted.transaction(explained)

    assert "Index Scan using transcript_vectors" in plan
    assert len(rows.nearest(VectorKind.TRANSCRIPT, "m", direction(7), limit=40)) == 40


def explained(connection: psycopg.Connection) -> str:
    """How the search of a transcript would be answered now."""
    text = SQL.joinpath("rows.sql").read_text()
    (search,) = re.findall(r"^-- name: near_transcript\n(.+?);", text, flags=re.M | re.S)
    asked = {"values": PgVector(list(direction(7))), "model": "m", "video": None, "limit": 40}
    return "\n".join(line for (line,) in connection.execute(f"EXPLAIN {search}", asked))
