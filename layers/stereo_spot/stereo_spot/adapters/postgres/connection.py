"""A pool of connections to one database, its migrations, and its statements by name."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from pgvector.psycopg import register_vector
from psycopg import sql
from psycopg_pool import ConnectionPool

from stereo_spot.analysis.errors import Unavailable

SQL = files("stereo_spot.adapters.postgres").joinpath("sql")
MIGRATION_LOCK = 7_320_190_417
TURNS = 4
Row = tuple[Any, ...]
Connection = psycopg.Connection[Row]
T = TypeVar("T")


@cache
def statements(name: str) -> Mapping[str, bytes]:
    """The statements of one file of `sql/`, by name."""
    parts = re.split(r"^-- name: (\w+)\n", SQL.joinpath(f"{name}.sql").read_text(), flags=re.M)
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return {key: text.strip().rstrip(";").encode() for key, text in pairs}


class Postgres:
    """Every statement is its own transaction unless `transaction` says otherwise."""

    def __init__(self, url: str, *, pool_size: int = 5, timeout_s: float = 10.0) -> None:
        self._timeout_s = timeout_s
        _migrate(url, timeout_s)
        self._cursors: WeakKeyDictionary[Connection, dict[bytes, psycopg.Cursor[Row]]]
        self._cursors = WeakKeyDictionary()
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            kwargs={"autocommit": True, "connect_timeout": max(2, int(timeout_s))},
            min_size=1,
            max_size=pool_size,
            timeout=timeout_s,
            reconnect_timeout=300.0,
            configure=_configure,
            open=True,
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def rows(self, statement: bytes, values: Mapping[str, Any]) -> list[Row]:
        """The rows a statement returns."""
        return self._with(lambda connection: self._done(connection, statement, values).fetchall())

    def changed(self, statement: bytes, values: Mapping[str, Any]) -> int:
        """How many rows a statement changed."""
        return self._with(lambda connection: self._done(connection, statement, values).rowcount)

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Do several statements as one."""

        def together(connection: Connection) -> T:
            with connection.transaction():
                return work(connection)

        return self._with(together)

    def _done(
        self, connection: Connection, statement: bytes, values: Mapping[str, Any]
    ) -> psycopg.Cursor[Row]:
        """Each connection keeps a cursor for each statement, which is made ready once."""
        cursors = self._cursors.setdefault(connection, {})
        cursor = cursors.get(statement)
        if cursor is None:
            cursor = cursors[statement] = connection.cursor()
        return cursor.execute(statement, values)

    def _with(self, work: Callable[[Connection], T]) -> T:
        """Retry: on another connection, through a restart of the server.

        All statements may be repeated; a claim that was lost with its answer runs out.
        """
        with _translated():
            for turn in range(TURNS):
                try:
                    with self._pool.connection() as connection:
                        return work(connection)
                except (psycopg.OperationalError, psycopg.InterfaceError):
                    if turn + 1 == TURNS:
                        raise
                time.sleep(0.1 * 2**turn)
                self._pool.check()
        raise AssertionError("unreachable")


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise Unavailable(f"Postgres cannot be reached: {error}") from error


def _configure(connection: Connection) -> None:
    register_vector(connection)
    with contextlib.suppress(psycopg.Error):  # pgvector before 0.8 has no iterative scan
        connection.execute("SET hnsw.iterative_scan = strict_order")


def _migrate(url: str, timeout_s: float) -> None:
    """Apply the numbered files of `sql/` that the database has not seen, one worker at a time."""
    with (
        _translated(),
        psycopg.connect(url, connect_timeout=max(2, int(timeout_s))) as connection,
    ):
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS analyzer_migrations"
            " (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        found = connection.execute("SELECT version FROM analyzer_migrations").fetchall()
        seen = {version for (version,) in found}
        for version, text in _migrations():
            if version not in seen:
                connection.execute(sql.SQL(text))
                connection.execute(
                    "INSERT INTO analyzer_migrations (version) VALUES (%s)", (version,)
                )


def _migrations() -> Sequence[tuple[int, str]]:
    numbered = [place for place in SQL.iterdir() if re.match(r"\d{3}_", place.name)]
    return sorted((int(place.name[:3]), place.read_text()) for place in numbered)
