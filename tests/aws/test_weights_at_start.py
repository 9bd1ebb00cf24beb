"""The Batch program and the weights of its tier: fetched late, from near, under licences."""

import boto3
import pytest
from stereo_engine import weights
from stereo_engine.registry import DEPTH_ANYTHING
from stereo_engine.settings import ModelSettings
from stereo_spot.conversion.create import create
from stereo_spot.conversion.stored import store_bytes
from stereo_spot.errors import ModelError
from stereo_spot.events import ChunkRequested
from stereo_spot.flow import perform
from stereo_spot.keys import SegmentKey
from stereo_spot.media.engine import EngineJob
from stereo_spot.model import JobOptions, JobStatus, Recipe, StereoMode, Tier

from inference_container.loaded import FetchingEngine
from inference_container.mirror import S3Mirror
from inference_container.settings import ServerSettings
from tests.aws import stage
from tests.aws.cloud import entrypoint
from tests.media.kit import Film, make

JOB = "12345678-1234-1234-1234-123456789abc"


@pytest.fixture
def cut(deployment, tmp_path, monkeypatch):
    """A job of the best tier, cut into one segment; nothing is accepted and nothing is there."""
    monkeypatch.setenv("WEIGHTS_DIR", str(tmp_path / "weights"))
    monkeypatch.setenv("ACCEPT_LICENCE", "")
    create(JobOptions(recipe=Recipe(tier=Tier.QUALITY)), deployment, job_id=JOB)
    film = make(tmp_path, Film(frames=5, gop=5))
    store_bytes(deployment.objects, f"input/{JOB}/source.mp4", film.read_bytes(), {})
    perform(ChunkRequested(job_id=JOB), deployment)
    return str(SegmentKey(JOB, 0, 1, StereoMode.SBS))


def test_a_licence_that_is_not_accepted_is_why_the_job_ends(deployment, cut, tmp_path):
    codes = [entrypoint().main(["--key", cut]) for _attempt in range(4)]

    job = deployment.jobs.get(JOB)
    assert (job.status, job.error_kind) == (JobStatus.FAILED, "licence_not_accepted")
    assert "ACCEPT_LICENCE" in job.error_text and job.error_segment == 0
    assert codes == [1, 1, 1, 0], "Batch tries again until the job has its end"
    assert not (tmp_path / "weights").exists()


class Echo:
    """An engine that tells what it was asked for."""

    def __init__(self):
        self.asked = []

    def render(self, job, progress):
        self.asked.append(job.recipe.tier)
        return {}


def job_of(tier):
    return EngineJob(
        src="a", dst="b", mezzanine=None, skip_frames=0, n_frames=1, from_time="0",
        recipe=Recipe(tier=tier),
    )  # fmt: skip


def kept(folder):
    """The weights of the tier `fast` in a bucket, as another machine left them."""

    def download(repo_id, *, local_dir, **_):
        for name in DEPTH_ANYTHING.files:
            (local_dir / name).write_bytes(name.encode())
        return "0" * 40

    mirror = S3Mirror(boto3.client("s3", region_name=stage.REGION), "s3://stage-output/weights")
    weights.fetched(DEPTH_ANYTHING, folder, download=download, mirror=mirror)


def test_weights_come_from_the_bucket_before_the_first_job_and_only_then(s3, tmp_path, monkeypatch):
    kept(tmp_path / "other")
    monkeypatch.setenv("WEIGHTS_DIR", str(tmp_path / "here"))
    monkeypatch.setenv("WEIGHTS_S3_PREFIX", "s3://stage-output/weights")
    echo = Echo()
    engine = FetchingEngine(echo, ServerSettings())

    engine.render(job_of(Tier.STUB), print)
    assert not (tmp_path / "here").exists()
    engine.render(job_of(Tier.FAST), print)
    engine.render(job_of(Tier.FAST), print)

    assert echo.asked == [Tier.STUB, Tier.FAST, Tier.FAST]
    folder = weights.folder_of(DEPTH_ANYTHING, ModelSettings.from_environment().weights_dir)
    assert weights.is_whole(folder, thoroughly=True)


def test_weights_that_were_changed_in_the_bucket_are_not_used(s3, tmp_path, monkeypatch):
    kept(tmp_path / "other")
    name = f"weights/{weights.mirror_name(DEPTH_ANYTHING)}/model.safetensors"
    s3.put_object(Bucket="stage-output", Key=name, Body=b"model.safetensorZ")
    monkeypatch.setenv("WEIGHTS_DIR", str(tmp_path / "here"))
    monkeypatch.setenv("WEIGHTS_S3_PREFIX", "s3://stage-output/weights")
    echo = Echo()

    with pytest.raises(ModelError) as caught:
        FetchingEngine(echo, ServerSettings()).render(job_of(Tier.FAST), print)

    assert caught.value.kind == "weights_mismatch" and echo.asked == []


def test_the_hubs_token_comes_from_the_secret(aws, tmp_path, monkeypatch):
    secrets = stage.client("secretsmanager")
    arn = secrets.create_secret(Name="hf", SecretString="hf_secret")["ARN"]
    monkeypatch.setenv("WEIGHTS_DIR", str(tmp_path))
    monkeypatch.setenv("HF_TOKEN_ARN", arn)
    given = []

    def fetched(model, folder, *, accepted, token, mirror):
        given.append((model.name, token))

    monkeypatch.setattr("inference_container.loaded.fetched", fetched)

    FetchingEngine(Echo(), ServerSettings()).render(job_of(Tier.FAST), print)

    assert given == [(DEPTH_ANYTHING.name, "hf_secret")]
