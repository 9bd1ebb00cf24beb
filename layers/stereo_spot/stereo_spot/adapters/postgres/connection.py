"""Connections to one database, its migrations, and its statements by name."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from queue import Empty, LifoQueue
from typing import Any, TypeVar

import psycopg
from pgvector.psycopg import register_vector
from psycopg import sql
from psycopg.pq import TransactionStatus

from stereo_spot.analysis.errors import Unavailable

SQL = files("stereo_spot.adapters.postgres").joinpath("sql")
MIGRATION_LOCK = 7_320_190_417
TURNS = 4
LOOK_S = 0.5
"""How often to ask a server that does not answer."""
LOST = (psycopg.OperationalError, psycopg.InterfaceError)
Row = tuple[Any, ...]
Connection = psycopg.Connection[Row]
T = TypeVar("T")


@cache
def statements(name: str) -> Mapping[str, bytes]:
    """The statements of one file of `sql/`, by name."""
    parts = re.split(r"^-- name: (\w+)\n", SQL.joinpath(f"{name}.sql").read_text(), flags=re.M)
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return {key: text.strip().rstrip(";").encode() for key, text in pairs}


class _Line:
    """A connection with a cursor for each statement: a statement is made ready once, then sent."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._cursors: dict[bytes, psycopg.Cursor[Row]] = {}

    def execute(self, statement: bytes, values: Mapping[str, Any]) -> psycopg.Cursor[Row]:
        cursor = self._cursors.get(statement)
        if cursor is None:
            cursor = self._cursors[statement] = self.connection.cursor()
        return cursor.execute(statement, values)

    def usable(self) -> bool:
        return self.connection.pgconn.transaction_status == TransactionStatus.IDLE


class Postgres:
    """Every statement is its own transaction unless `transaction` says otherwise."""

    def __init__(self, url: str, *, pool_size: int = 5, timeout_s: float = 10.0) -> None:
        self._url, self._timeout_s = url, timeout_s
        _migrate(url, timeout_s)
        self._free: LifoQueue[_Line | None] = LifoQueue()
        for _ in range(pool_size - 1):
            self._free.put(None)
        with _translated():
            self._free.put(self._opened())

    def close(self) -> None:
        """Close all connections."""
        self._close_idle()

    def rows(self, statement: bytes, values: Mapping[str, Any]) -> list[Row]:
        """The rows a statement returns."""
        return self._with(lambda line: line.execute(statement, values).fetchall())

    def changed(self, statement: bytes, values: Mapping[str, Any]) -> int:
        """How many rows a statement changed."""
        return self._with(lambda line: line.execute(statement, values).rowcount)

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Do several statements as one."""

        def together(line: _Line) -> T:
            with line.connection.transaction():
                return work(line.connection)

        return self._with(together)

    def _with(self, work: Callable[[_Line], T]) -> T:
        """Retry: on another connection, through a restart of the server.

        All statements may be repeated; a claim that was lost with its answer runs out.
        """
        for turn in range(TURNS):
            try:
                line = self._take()
                try:
                    return work(line)
                finally:
                    self._put_back(line)
            except LOST as error:
                if turn + 1 == TURNS:
                    raise _unreachable(error) from error
            time.sleep(0.1 * 2**turn)
            self._close_idle()
        raise AssertionError("unreachable")

    def _take(self) -> _Line:
        """The line that was used last, or a new one while there are fewer than may be."""
        try:
            line = self._free.get(timeout=self._timeout_s)
        except Empty:
            raise psycopg.OperationalError("every connection is in use") from None
        if line is not None:
            return line
        try:
            return self._opened()
        except BaseException:
            self._free.put(None)
            raise

    def _put_back(self, line: _Line) -> None:
        if line.usable():
            self._free.put(line)
        else:
            line.connection.close()
            self._free.put(None)

    def _opened(self) -> _Line:
        """Connect, and wait for a server that is being restarted."""
        end = time.monotonic() + self._timeout_s
        while True:
            try:
                return _Line(_connected(self._url, self._timeout_s))
            except psycopg.OperationalError:
                if time.monotonic() >= end:
                    raise
            time.sleep(LOOK_S)

    def _close_idle(self) -> None:
        """What a restart broke shows only when it is used."""
        idle = []
        with contextlib.suppress(Empty):
            while True:
                idle.append(self._free.get_nowait())
        for line in idle:
            if line is not None:
                line.connection.close()
            self._free.put(None)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except LOST as error:
        raise _unreachable(error) from error


def _unreachable(error: Exception) -> Unavailable:
    return Unavailable(f"Postgres cannot be reached: {error}")


def _connected(url: str, timeout_s: float) -> Connection:
    connection = psycopg.connect(url, autocommit=True, connect_timeout=max(2, int(timeout_s)))
    try:
        _configure(connection)
    except BaseException:
        connection.close()
        raise
    return connection


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
