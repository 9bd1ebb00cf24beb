"""Every adapter of every port; a contract class runs once per adapter."""

import pytest

from stereo_spot.adapters.local.bus import LocalBus
from stereo_spot.adapters.local.database import Database
from stereo_spot.adapters.local.folder import FolderObjectStore
from stereo_spot.adapters.local.rows import SqliteJobStore, SqliteLedger
from stereo_spot.adapters.memory import MemoryBus, MemoryJobStore, MemoryLedger, MemoryObjectStore


@pytest.fixture(params=["memory", "local"])
def adapter(request):
    return request.param


@pytest.fixture
def database(tmp_path):
    opened = Database(tmp_path / "state.db")
    yield opened
    opened.close()


@pytest.fixture
def jobs(adapter, database):
    return MemoryJobStore() if adapter == "memory" else SqliteJobStore(database)


@pytest.fixture
def ledger(adapter, database):
    return MemoryLedger() if adapter == "memory" else SqliteLedger(database)


@pytest.fixture
def bus(adapter, database):
    return MemoryBus() if adapter == "memory" else LocalBus(database)


@pytest.fixture
def stored_keys():
    return []


@pytest.fixture
def objects(adapter, tmp_path, stored_keys):
    if adapter == "memory":
        return MemoryObjectStore(stored_keys.append)
    return FolderObjectStore(tmp_path / "objects", stored_keys.append)
