"""AWS: DynamoDB, S3, EventBridge and Batch as the ports of the steps, named by the environment."""

import time
import uuid
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from stereo_spot.adapters.aws.bus import EventBridgeBus
from stereo_spot.adapters.aws.links import S3Links
from stereo_spot.adapters.aws.marks import MarkingBus
from stereo_spot.adapters.aws.objects import Buckets, S3ObjectStore
from stereo_spot.adapters.aws.queue import SqsQueue
from stereo_spot.adapters.aws.renders import BatchRenderQueue, SqsRenderQueue
from stereo_spot.adapters.aws.rows import DynamoJobStore, DynamoLedger
from stereo_spot.adapters.aws.sagemaker import SageMakerRenderer
from stereo_spot.conversion.render import render
from stereo_spot.conversion.services import Policy, Services
from stereo_spot.keys import SegmentKey
from stereo_spot.media.guard import MediaLimits
from stereo_spot.model import JobOptions
from stereo_spot.ports import EventBus, Renderer, RenderQueue
from stereo_spot.settings.aws import AwsSettings

_AT_ONCE = 4
"""Segments sent out again in one sweep where each is waited for: a function has five minutes."""


def new_client(service: str, settings: AwsSettings) -> Any:
    """A client of an AWS service; `AWS_ENDPOINT_URL` leads it elsewhere."""
    return _session().create_client(
        service,
        region_name=settings.region,
        endpoint_url=settings.endpoint_url,
        config=_config(service),
    )


@cache
def _session() -> Any:
    """One session for all clients: the descriptions of the services are read once.

    Made at the first client, and of botocore alone: with boto3's own layer on top, which nothing
    here calls, a cold start would load the transfer manager and `multiprocessing` as well.
    """
    from botocore.session import Session

    return Session()


def _config(service: str) -> Any:
    from botocore.config import Config

    config = Config(
        retries={"mode": "standard", "total_max_attempts": 8},
        connect_timeout=5,
        read_timeout=60,
        max_pool_connections=32,
    )
    if service != "s3":
        return config
    return config.merge(
        Config(
            signature_version="s3v4",
            s3={"addressing_style": "auto"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
    )


def buckets_of(settings: AwsSettings) -> Buckets:
    """The two buckets."""
    return Buckets(settings.input_bucket, settings.output_bucket)


def services_of(settings: AwsSettings) -> Services:
    """The ports of one deployment."""
    buckets = buckets_of(settings)
    s3, dynamodb = new_client("s3", settings), new_client("dynamodb", settings)
    links = S3Links(s3, buckets)
    app = Services(
        jobs=DynamoJobStore(dynamodb, settings.jobs_table),
        ledger=DynamoLedger(dynamodb, settings.segments_table),
        objects=S3ObjectStore(s3, buckets),
        bus=_bus(settings, dynamodb),
        renders=_renders(settings, buckets, lambda: app),
        uploads=links,
        downloads=links,
        clock=time.time,
        new_owner=lambda: uuid.uuid4().hex,
        scratch=settings.scratch,
        policy=Policy(
            lease_s=settings.lease_s,
            heartbeat_s=settings.heartbeat_s,
            max_dispatch=_AT_ONCE if settings.sagemaker_calls == "realtime" else 1000,
            keep_source=settings.keep_source,
            max_run_s=settings.max_run_s,
            carried_bytes_per_s=settings.carried_bytes_per_s,
        ),
        limits=MediaLimits(),
    )
    return app


def _bus(settings: AwsSettings, dynamodb: Any) -> EventBus:
    """The bus, marking jobs for older workers where the deployment keeps their table."""
    bus = EventBridgeBus(new_client("events", settings), settings.event_bus)
    if not settings.reassembly_triggered_table:
        return bus
    return MarkingBus(bus, dynamodb, settings.reassembly_triggered_table)


def _renders(settings: AwsSettings, buckets: Buckets, app: Callable[[], Services]) -> RenderQueue:
    """Where this deployment sends segments."""
    match settings.segment_target:
        case "queue":
            queue = SqsQueue(new_client("sqs", settings), settings.video_worker_queue)
            return SqsRenderQueue(queue, buckets)
        case "sagemaker":
            return StartedAtOnce(app, sagemaker_renderer(settings))
        case "batch":
            return BatchRenderQueue(
                new_client("batch", settings),
                queue=settings.render_queue,
                definition=settings.render_definition,
            )


def sagemaker_renderer(settings: AwsSettings) -> SageMakerRenderer:
    """The endpoint of this deployment."""
    return SageMakerRenderer(
        new_client("sagemaker-runtime", settings),
        new_client("s3", settings),
        endpoint=settings.sagemaker_endpoint,
        buckets=buckets_of(settings),
        realtime=settings.sagemaker_calls == "realtime",
    )


class StartedAtOnce:
    """The render step performed where it is asked for: a service is only started, not waited for.

    The step holds the segment for the service; one that is held is not started again.
    """

    def __init__(self, app: Callable[[], Services], renderer: Renderer) -> None:
        self._app, self._renderer = app, renderer

    def submit(self, segments: Sequence[SegmentKey]) -> None:
        """Ask for these to be rendered."""
        for key in segments:
            render(key, self._app(), self._renderer)


def default_options(settings: AwsSettings) -> JobOptions:
    """What a job gets that leaves an option out: the tier that this deployment serves."""
    return JobOptions.model_validate(
        {
            "recipe": {"tier": settings.tier},
            "segment_duration_s": settings.segment_duration_s,
            "scene_cuts": settings.scene_cuts,
        }
    )


@cache
def aws_settings() -> AwsSettings:
    """The environment of this process, read once."""
    return AwsSettings.from_environment()


@cache
def services() -> Services:
    """The services of this process, built at the first call and kept while it is warm."""
    return services_of(aws_settings())
