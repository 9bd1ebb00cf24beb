"""Render workers on AWS: a Batch job's segments of one film, or the segments of a queue."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext

from stereo_spot.adapters.aws.envelopes import events_of
from stereo_spot.adapters.aws.objects import Buckets
from stereo_spot.adapters.aws.queue import QueuedMessage, SqsQueue
from stereo_spot.adapters.render_server import RenderServer
from stereo_spot.conversion.making import EngineRenderer
from stereo_spot.conversion.render import render
from stereo_spot.conversion.segments import taken
from stereo_spot.conversion.services import Services
from stereo_spot.errors import ErrorKind, RequestError, SourceError
from stereo_spot.flow import perform
from stereo_spot.keys import SegmentKey, segments_prefix
from stereo_spot.media.engine import Engine
from stereo_spot.model import CHUNKING
from stereo_spot.ports import Renderer
from stereo_spot.runtime.aws import buckets_of, new_client, sagemaker_renderer, services_of
from stereo_spot.settings.aws import AwsSettings

log = logging.getLogger(__name__)
GO_ON_S = 3 * 3600.0
"""How long a Batch job goes on with further segments; its attempt may take an hour longer."""


def render_film(
    first: SegmentKey, app: Services, renderer: Renderer, *, go_on_s: float = GO_ON_S
) -> int:
    """Render `first`, then whatever else of its film nobody holds: the weights stay warm.

    Returns how many segments were looked at. Raises what rendering the first one raises; a later
    one that fails has its own Batch job, which is why only the log tells of it here.
    """
    began = time.monotonic()
    render(first, app, renderer)
    looked = 1
    for key in _unclaimed(first, app):
        if time.monotonic() - began > go_on_s:
            break
        try:
            render(key, app, renderer)
        except Exception:
            log.exception("a further segment failed", extra={"segment": key.index})
            break
        looked += 1
    return looked


def _unclaimed(first: SegmentKey, app: Services) -> Iterator[SegmentKey]:
    """Stored segments of the film that are neither done nor held; looked up anew each time."""
    seen = {first.index}
    while True:
        job = app.jobs.get(first.job_id)
        if job is None or job.status not in CHUNKING:
            return
        busy = taken(app.ledger.rows(first.job_id), app.clock())
        listed = app.objects.list(segments_prefix(first.job_id))
        stored = (SegmentKey.parse(info.key) for info in listed)
        found = [key for key in stored if key is not None and key.index not in busy | seen]
        if not found:
            return
        seen.add(found[0].index)
        yield found[0]


def queue_of(step: str, settings: AwsSettings) -> str:
    """The URL of the queue that holds the messages for a step.

    Raises:
        RequestError: `bad_request` when the environment names none.
    """
    urls = {
        "chunk": settings.chunking_queue,
        "render": settings.video_worker_queue,
        "complete": settings.output_events_queue,
        "reassemble": settings.reassembly_queue,
    }
    if not urls.get(step):
        raise RequestError(ErrorKind.BAD_REQUEST, f"the environment names no queue for {step!r}")
    return urls[step]


@contextmanager
def cloud_renderer(settings: AwsSettings, app: Services) -> Iterator[Renderer]:
    """The renderer of a worker that reads a queue of the cloud."""
    buckets = buckets_of(settings)
    match settings.inference_backend:
        case "http":
            yield RenderServer(
                settings.inference_url,
                lambda key: f"s3://{buckets.of(key)}/{key}",
                timeout_s=settings.inference_timeout_s,
            )
        case "sagemaker":
            yield sagemaker_renderer(settings)
        case _:
            with closing(Engine()) as engine:
                yield EngineRenderer(engine, app)


def run_worker(step: str, settings: AwsSettings, stop: Callable[[], bool]) -> None:
    """Work off the queue of one step until `stop` answers True; the message at hand is finished.

    Raises:
        RequestError: `bad_request` when the environment names no queue for the step.
    """
    client = new_client("sqs", settings)
    queue = SqsQueue(client, queue_of(step, settings), long_poll_s=settings.long_poll_s)
    app = services_of(settings)
    with cloud_renderer(settings, app) if step == "render" else nullcontext() as renderer:
        work_off(queue, buckets_of(settings), app, renderer, stop=stop)


def work_off(
    queue: SqsQueue,
    buckets: Buckets,
    app: Services,
    renderer: Renderer | None,
    *,
    stop: Callable[[], bool] = lambda: False,
    hold_s: int = 2400,
) -> None:
    """Take messages and perform the steps they ask for until `stop` answers True.

    A message that cannot be read is logged and removed. One whose step fails comes again and ends
    in the queue's dead letters; the rows decide what becomes of the film.
    """
    while not stop():
        for message in queue.receive():
            with _Kept(queue, message, hold_s):
                if _worked(message, buckets, app, renderer):
                    queue.done(message)


def _worked(
    message: QueuedMessage, buckets: Buckets, app: Services, renderer: Renderer | None
) -> bool:
    try:
        events = events_of(message.body, buckets)
    except RequestError as error:
        log.warning("message refused", extra={"kind": error.kind, "reason": error.message})
        return True
    try:
        for event in events:
            perform(event, app, renderer)
    except SourceError as error:
        log.warning("film refused", extra={"kind": error.kind, "reason": error.message})
    except Exception:
        log.exception("step failed", extra={"received": message.received})
        return False
    return True


class _Kept:
    """Keeps a message to ourselves for as long as it is worked on."""

    def __init__(self, queue: SqsQueue, message: QueuedMessage, hold_s: int) -> None:
        self._queue, self._message, self._hold_s = queue, message, hold_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._hold, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _hold(self) -> None:
        while not self._over.wait(self._hold_s / 3):
            try:
                self._queue.hold(self._message, self._hold_s)
            except Exception:
                log.exception("a message could not be held longer")
