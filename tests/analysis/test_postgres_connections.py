"""The connections to a real Postgres: few, kept, and replaced when they break."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from stereo_spot.adapters.postgres.connection import Postgres
from stereo_spot.analysis.errors import Unavailable

NAME = "connections-of-a-test"
WHO, SLEEP = b"SELECT pg_backend_pid()", b"SELECT pg_backend_pid(), pg_sleep(%(seconds)s)"


@pytest.fixture
def open_postgres(database_url):
    """Opens a database whose connections can be told from others."""
    opened = []

    def start(**more):
        url = f"{database_url}{'&' if '?' in database_url else '?'}application_name={NAME}"
        opened.append(Postgres(url, **more))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def connected(database_url):
    """The backends that serve this test."""
    with psycopg.connect(database_url, autocommit=True) as connection:

        def found(columns="pid"):
            return connection.execute(
                f"SELECT {columns} FROM pg_stat_activity WHERE application_name = %s", (NAME,)
            ).fetchall()

        yield found


def all_at_once(database, number, seconds=0.2):
    with ThreadPoolExecutor(number) as threads:
        asked = [threads.submit(database.rows, SLEEP, {"seconds": seconds}) for _ in range(number)]
        return {one.result()[0][0] for one in asked}


def test_there_are_never_more_connections_than_allowed(open_postgres, connected):
    database = open_postgres(pool_size=2)

    used = all_at_once(database, 8, seconds=0.05)

    assert len(used) == len(connected()) == 2


def test_when_all_break_at_once_every_answer_still_comes(open_postgres, connected):
    database = open_postgres(pool_size=5)
    broken = all_at_once(database, 5)
    connected("pg_terminate_backend(pid)")

    again = all_at_once(database, 5)

    assert len(broken) == len(again) == 5
    assert not broken & again
    assert {pid for (pid,) in connected()} == again


def test_a_refused_statement_and_undone_work_keep_the_connection(open_postgres):
    database = open_postgres(pool_size=1)
    before = database.rows(WHO, {})

    def undone(connection):
        connection.execute("CREATE TABLE undone ()")
        raise LookupError

    with pytest.raises(psycopg.errors.DivisionByZero):
        database.rows(b"SELECT 1 / %(by)s", {"by": 0})
    with pytest.raises(LookupError):
        database.transaction(undone)

    assert database.rows(WHO, {}) == before
    assert database.rows(b"SELECT to_regclass('undone')", {}) == [(None,)]


def test_who_waits_too_long_for_a_connection_is_told(open_postgres):
    database = open_postgres(pool_size=1, timeout_s=0.05)
    begun, over = threading.Event(), threading.Event()

    def hold(connection):
        begun.set()
        over.wait(30)

    holder = threading.Thread(target=database.transaction, args=(hold,))
    holder.start()
    try:
        assert begun.wait(30)
        with pytest.raises(Unavailable, match="Postgres"):
            database.rows(WHO, {})
    finally:
        over.set()
        holder.join()

    assert database.rows(WHO, {})


def test_closing_leaves_no_connection(open_postgres, connected):
    database = open_postgres(pool_size=3)
    all_at_once(database, 3)

    database.close()

    end = time.monotonic() + 10
    while connected() and time.monotonic() < end:
        time.sleep(0.02)
    assert not connected()
