"""The SQLite file: one connection per thread, write-ahead log, immediate write transactions."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

_BUSY_S = 60.0


class Database:
    """Opens the file for whichever thread (or forked process) asks."""

    def __init__(self, path: Path, *, schema: str = "schema.sql") -> None:
        self._path = path
        self._local = threading.local()
        path.parent.mkdir(parents=True, exist_ok=True)
        wanted = files("stereo_spot.adapters.local").joinpath("sql", schema).read_text()
        with self.write() as connection:
            for statement in wanted.split(";\n"):
                connection.execute(statement)

    def read(self) -> sqlite3.Connection:
        """A connection for reading; each statement sees one consistent moment."""
        if getattr(self._local, "pid", None) != os.getpid():
            connection = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            self._local.connection, self._local.pid = connection, os.getpid()
        found: sqlite3.Connection = self._local.connection
        return found

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock from its start."""
        connection = self.read()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def close(self) -> None:
        """Close the connection of this thread."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.pid = None
