"""What the server needs before it is ready: weights on the disk, and the engine warm."""

import sys
from typing import Any

import boto3
from stereo_engine.errors import EngineError
from stereo_engine.registry import TIERS
from stereo_engine.settings import ModelSettings
from stereo_engine.weights import fetched
from stereo_spot.adapters.aws.objects import Buckets, S3ObjectStore
from stereo_spot.errors import error_of
from stereo_spot.media.engine import Engine

from inference_container.invocations import Invocations
from inference_container.mirror import S3Mirror
from inference_container.settings import ServerSettings


def load(settings: ServerSettings) -> Invocations:
    """Fetch the tier's weights, start the engine with them, and connect to the objects.

    Raises:
        StereoSpotError: a licence is not accepted, a token is missing, weights cannot be had.
    """
    s3 = _client("s3", settings)
    token = None
    if settings.token_secret:
        secrets = _client("secretsmanager", settings)
        token = secrets.get_secret_value(SecretId=settings.token_secret)["SecretString"]
    fetch_weights(settings.tier, s3, token)
    engine = Engine((sys.executable, "-m", "stereo_engine", "--serve", "--tier", settings.tier))
    engine.hello()
    return Invocations(
        objects=lambda films, results: S3ObjectStore(s3, Buckets(films, results)),
        engine=engine,
        scratch=settings.scratch,
    )


def fetch_weights(tier: str, s3: Any, token: str | None = None) -> None:
    """Put the tier's weights into the cache, from the mirror where there is one.

    Raises:
        StereoSpotError: of the kind that says what to do.
    """
    wanted = ModelSettings.from_environment()
    mirror = S3Mirror(s3, wanted.mirror) if wanted.mirror else None
    try:
        for model in TIERS.get(tier, ()):
            fetched(model, wanted.weights_dir, accepted=wanted.accepted, token=token, mirror=mirror)
    except EngineError as error:
        raise error_of(error.kind, error.message) from error


def _client(service: str, settings: ServerSettings) -> Any:
    return boto3.client(service, region_name=settings.region, endpoint_url=settings.endpoint_url)
