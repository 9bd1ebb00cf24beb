"""Every adapter of every port; a contract class runs once per adapter."""

import pytest
from moto import mock_aws
from stereo_spot.adapters.aws.objects import S3ObjectStore
from stereo_spot.adapters.aws.rows import DynamoJobStore, DynamoLedger
from stereo_spot.adapters.local.bus import LocalBus
from stereo_spot.adapters.local.database import Database
from stereo_spot.adapters.local.folder import FolderObjectStore
from stereo_spot.adapters.local.rows import SqliteJobStore, SqliteLedger
from stereo_spot.adapters.memory import MemoryBus, MemoryJobStore, MemoryLedger, MemoryObjectStore

from tests.aws import stage


@pytest.fixture(params=["memory", "local", "aws"])
def adapter(request):
    return request.param


@pytest.fixture
def database(tmp_path):
    opened = Database(tmp_path / "state.db")
    yield opened
    opened.close()


@pytest.fixture
def dynamodb():
    with mock_aws():
        client = stage.client("dynamodb")
        stage.make_tables(client)
        yield client


@pytest.fixture
def s3(stored_keys):
    with mock_aws():
        client = stage.client("s3")
        stage.make_buckets(client)
        stage.note_stored(client, stored_keys)
        yield client


@pytest.fixture
def jobs(adapter, database, request):
    if adapter == "aws":
        return DynamoJobStore(request.getfixturevalue("dynamodb"), stage.JOBS)
    return MemoryJobStore() if adapter == "memory" else SqliteJobStore(database)


@pytest.fixture
def ledger(adapter, database, request):
    if adapter == "aws":
        return DynamoLedger(request.getfixturevalue("dynamodb"), stage.SEGMENTS)
    return MemoryLedger() if adapter == "memory" else SqliteLedger(database)


@pytest.fixture
def bus(adapter, database):
    return MemoryBus() if adapter == "memory" else LocalBus(database)


@pytest.fixture
def stored_keys():
    return []


@pytest.fixture
def objects(adapter, tmp_path, stored_keys, request):
    if adapter == "aws":
        return S3ObjectStore(request.getfixturevalue("s3"), stage.BUCKETS)
    if adapter == "memory":
        return MemoryObjectStore(stored_keys.append)
    return FolderObjectStore(tmp_path / "objects", stored_keys.append)
