"""`stereo-spot worker`: work off the queues of the cloud from a machine of your own."""

import signal
import threading
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import ValidationError

from stereo_spot.cli.output import errors_told, notes
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.runtime.logs import log_to_stderr
from stereo_spot.settings.aws import AwsSettings


class Source(StrEnum):
    """Where the work comes from."""

    SQS = "sqs"


class Step(StrEnum):
    """Which queue is worked off."""

    CHUNK = "chunk"
    RENDER = "render"
    COMPLETE = "complete"
    REASSEMBLE = "reassemble"


def worker(
    source: Annotated[Source, typer.Option(help="Where the messages are.")] = Source.SQS,
    step: Annotated[Step, typer.Option(help="The step to work for.")] = Step.RENDER,
) -> None:
    """Take messages of one step until told to stop; tables, buckets and queues by environment."""
    with errors_told():
        from stereo_spot.runtime.aws_worker import run_worker

        log_to_stderr("INFO")
        stop = threading.Event()
        for told in (signal.SIGTERM, signal.SIGINT):
            signal.signal(told, lambda _signal, _frame: stop.set())
        notes.print(f"Working off {source} for {step}; Ctrl-C ends after the message at hand.")
        run_worker(step, _aws_settings(), stop.is_set)


def _aws_settings() -> AwsSettings:
    try:
        return AwsSettings.from_environment()
    except ValidationError as error:
        missing = ", ".join(str(entry["loc"][0]) for entry in error.errors())
        raise RequestError(ErrorKind.BAD_REQUEST, f"the environment lacks {missing}") from error
