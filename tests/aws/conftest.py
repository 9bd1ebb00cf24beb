"""A stage of AWS on moto for every test that asks for a part of it."""

from types import SimpleNamespace

import pytest
from moto import mock_aws

from tests.aws import stage


@pytest.fixture
def aws(monkeypatch):
    """Moto, and retries that do not wait."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _seconds: None))
    for name, value in stage.environment().items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield


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
