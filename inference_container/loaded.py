"""What the container needs before it renders: weights on the disk, and the engine warm."""

import sys
from typing import Any

from stereo_engine.errors import EngineError
from stereo_engine.settings import ModelSettings
from stereo_engine.weights import fetched
from stereo_spot.errors import error_of
from stereo_spot.media.engine import Engine, EngineJob, Progress
from stereo_spot.ports import ObjectStore

from inference_container.invocations import Invocations
from inference_container.mirror import S3Mirror
from inference_container.settings import ServerSettings


def load(settings: ServerSettings) -> Invocations:
    """Fetch the tier's weights, start the engine with them, and connect to the objects.

    Raises:
        StereoSpotError: a licence is not accepted, a token is missing, weights cannot be had.
    """
    fetch_weights(settings.tier, settings)
    engine = Engine((sys.executable, "-m", "stereo_engine", "--serve", "--tier", settings.tier))
    engine.hello()

    def objects(films: str, results: str) -> ObjectStore:
        from stereo_spot.adapters.aws.objects import Buckets, S3ObjectStore  # not for folders

        return S3ObjectStore(_client("s3", settings), Buckets(films, results))

    return Invocations(
        objects=objects, engine=engine, scratch=settings.scratch, folder=settings.objects_dir
    )


def fetch_weights(tier: str, settings: ServerSettings) -> None:
    """Put the tier's weights into the cache, from the mirror where there is one.

    Raises:
        StereoSpotError: of the kind that says what to do.
    """
    try:
        wanted = ModelSettings.from_environment()
        models = wanted.models_of(tier)
        if not models:
            return
        mirror = S3Mirror(_client("s3", settings), wanted.mirror) if wanted.mirror else None
        token = _token(settings)
        for model in models:
            fetched(model, wanted.weights_dir, accepted=wanted.accepted, token=token, mirror=mirror)
    except EngineError as error:
        raise error_of(error.kind, error.message) from error


class FetchingEngine:
    """An engine that fetches a tier's weights before its first job of that tier.

    A refusal is then the reason why a segment failed, and who finds nothing to do fetches nothing.
    """

    def __init__(self, engine: Engine, settings: ServerSettings) -> None:
        self._engine, self._settings = engine, settings
        self._fetched: set[str] = set()

    def render(self, job: EngineJob, progress: Progress) -> dict[str, Any] | None:
        """Render one segment; None when it was stopped."""
        tier = job.recipe.tier
        if tier not in self._fetched:
            fetch_weights(tier, self._settings)
            self._fetched.add(tier)
        return self._engine.render(job, progress)

    def stop(self) -> None:
        """Give up the running job."""
        self._engine.stop()


def _token(settings: ServerSettings) -> str | None:
    """The hub's token; None leaves it to the hub's library, which reads `HF_TOKEN`."""
    if not settings.token_secret:
        return None
    from botocore.exceptions import BotoCoreError, ClientError

    secrets = _client("secretsmanager", settings)
    try:
        token: str = secrets.get_secret_value(SecretId=settings.token_secret)["SecretString"]
    except (BotoCoreError, ClientError) as error:
        text = f"the secret of HF_TOKEN_ARN cannot be read: {error}"
        raise EngineError("token_missing", text) from error
    return token


def _client(service: str, settings: ServerSettings) -> Any:
    import boto3  # a server of a folder does without

    return boto3.client(service, region_name=settings.region, endpoint_url=settings.endpoint_url)
