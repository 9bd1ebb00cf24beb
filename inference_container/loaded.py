"""What the server needs before it is ready: weights on the disk, the engine warm, the buckets."""

import sys
from typing import Any

from stereo_engine.errors import EngineError
from stereo_engine.registry import TIERS
from stereo_engine.settings import ModelSettings
from stereo_engine.weights import fetched
from stereo_spot.adapters.aws.objects import S3ObjectStore
from stereo_spot.errors import error_of
from stereo_spot.media.engine import Engine
from stereo_spot.runtime.aws import buckets_of, new_client
from stereo_spot.settings import AwsSettings

from inference_container.invocations import Invocations
from inference_container.mirror import S3Mirror


def load(settings: AwsSettings) -> Invocations:
    """Fetch the tier's weights, start the engine with them, and connect to the buckets.

    Raises:
        StereoSpotError: a licence is not accepted, a token is missing, weights cannot be had.
    """
    s3 = new_client("s3", settings)
    fetch_weights(settings.tier, s3)
    command = (sys.executable, "-m", "stereo_engine", "--serve", "--tier", settings.tier)
    engine = Engine(command)
    engine.hello()
    buckets = buckets_of(settings)
    return Invocations(
        objects=S3ObjectStore(s3, buckets),
        buckets=(buckets.input, buckets.output),
        engine=engine,
        scratch=settings.scratch,
    )


def fetch_weights(tier: str, s3: Any) -> None:
    """Put the tier's weights into the cache, from the mirror where there is one.

    Raises:
        StereoSpotError: of the kind that says what to do.
    """
    wanted = ModelSettings.from_environment()
    mirror = S3Mirror(s3, wanted.mirror) if wanted.mirror else None
    try:
        for model in TIERS.get(tier, ()):
            fetched(model, wanted.weights_dir, accepted=wanted.accepted, mirror=mirror)
    except EngineError as error:
        raise error_of(error.kind, error.message) from error
