"""A stage of AWS on moto for every test that asks for a part of it."""

import socket
from types import SimpleNamespace

import pytest
from moto import mock_aws
from moto.server import ThreadedMotoServer
from stereo_spot.runtime.aws import aws_settings, services

from tests.aws import stage


@pytest.fixture
def aws(monkeypatch):
    """Moto, and retries that do not wait."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))
    for name, value in stage.environment().items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield


@pytest.fixture(scope="session")
def endpoint():
    """Moto's server; it serves what the clients in this process have made, too."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port = asked.getsockname()[1]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def stored_keys():
    return []


@pytest.fixture
def dynamodb(aws):
    client = stage.client("dynamodb")
    stage.make_tables(client)
    return client


@pytest.fixture
def s3(aws, stored_keys):
    client = stage.client("s3")
    stage.make_buckets(client)
    stage.note_stored(client, stored_keys)
    return client


@pytest.fixture
def deployment(dynamodb, s3, tmp_path, monkeypatch):
    """All that a handler needs; its services are built afresh for each test."""
    stage.make_rest()
    monkeypatch.setenv("SCRATCH_DIR", str(tmp_path / "scratch"))
    caches = aws_settings, services
    for cached in caches:
        cached.cache_clear()
    yield services()
    for cached in caches:
        cached.cache_clear()
