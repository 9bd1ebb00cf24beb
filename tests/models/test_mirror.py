"""Weights in a bucket: whole or not at all."""

import pytest

pytest.importorskip("moto", reason="moto is not installed")
import boto3
from botocore.exceptions import ClientError
from moto import mock_aws
from stereo_engine import weights
from stereo_engine.errors import EngineError
from stereo_engine.registry import DEPTH_ANYTHING

from inference_container.mirror import S3Mirror


@pytest.fixture
def bucket(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="weights")
        yield client


class Hub:
    asked = 0

    def __call__(self, repo_id, *, local_dir, **_):
        self.asked += 1
        for name in DEPTH_ANYTHING.files:
            (local_dir / name).write_bytes(name.encode())
        return "0" * 40


def test_the_second_machine_takes_its_weights_from_the_bucket(bucket, tmp_path):
    hub, mirror = Hub(), S3Mirror(bucket, "s3://weights/cache/")
    first = weights.fetched(DEPTH_ANYTHING, tmp_path / "a", download=hub, mirror=mirror)

    second = weights.fetched(DEPTH_ANYTHING, tmp_path / "b", download=hub, mirror=mirror)

    assert hub.asked == 1
    assert {p.name: p.read_bytes() for p in first.iterdir()} == {
        p.name: p.read_bytes() for p in second.iterdir()
    }


def test_an_upload_that_broke_off_does_not_count(bucket, tmp_path):
    hub, mirror = Hub(), S3Mirror(bucket, "s3://weights")
    name = weights.mirror_name(DEPTH_ANYTHING)
    bucket.put_object(Bucket="weights", Key=f"{name}/config.json", Body=b"{}")

    assert mirror.fetch(name, tmp_path / "c") is False
    weights.fetched(DEPTH_ANYTHING, tmp_path / "d", download=hub, mirror=mirror)
    assert hub.asked == 1


def test_an_address_that_is_no_bucket_is_refused(bucket):
    with pytest.raises(EngineError, match="WEIGHTS_S3_PREFIX must be s3://") as caught:
        S3Mirror(bucket, "https://weights")
    assert caught.value.kind == "bad_request"


def test_a_bucket_that_does_not_answer_is_told_with_a_kind(bucket, tmp_path):
    with pytest.raises(EngineError, match="s3://other/cache cannot be read") as caught:
        S3Mirror(bucket, "s3://other/cache").fetch("x", tmp_path)
    assert caught.value.kind == "weights_unavailable"


def test_weights_that_are_here_are_used_though_the_bucket_takes_none(bucket, tmp_path, caplog):
    mirror = S3Mirror(bucket, "s3://weights")
    bucket.meta.events.register("before-call.s3.PutObject", _refuse)

    folder = weights.fetched(DEPTH_ANYTHING, tmp_path, download=Hub(), mirror=mirror)

    assert weights.is_whole(folder, thoroughly=True)
    assert "weights were not kept" in caplog.text


def _refuse(**_):
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")


def test_no_name_in_a_bucket_leads_out_of_the_folder(bucket, tmp_path):
    mirror, name = S3Mirror(bucket, "s3://weights"), weights.mirror_name(DEPTH_ANYTHING)
    mirror.keep(name, weights.fetched(DEPTH_ANYTHING, tmp_path / "a", download=Hub()))
    for file in ("../../../out", "/out", "x/../../out"):
        bucket.put_object(Bucket="weights", Key=f"{name}/{file}", Body=b"x")

    assert mirror.fetch(name, tmp_path / "b" / "1" / "2" / "3")

    assert not [path for path in tmp_path.rglob("*") if path.name == "out"]
