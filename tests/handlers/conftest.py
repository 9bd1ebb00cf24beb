"""Handlers in this process, on a stage of AWS, with events as AWS sends them."""

import importlib
import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from stereo_spot.runtime.lambdas import reader_kept

from tests.aws.conftest import aws, deployment, dynamodb, s3, stored_keys  # noqa: F401

EVENTS = Path(__file__).parents[1] / "events"
JOB = "12345678-1234-1234-1234-123456789abc"


def event(name):
    """A stored sample, fresh."""
    return json.loads((EVENTS / f"{name}.json").read_text())


class _Stdout:
    """Standard output as it is at the time: the tests capture it anew each time."""

    def write(self, text):
        return sys.stdout.write(text)

    def flush(self):
        sys.stdout.flush()


@dataclass
class Context:
    """What Lambda tells a handler about itself."""

    function_name: str = "stage"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:stage"
    aws_request_id: str = "52fdfc07-2182-154f-163f-5f0f9a621d72"

    def get_remaining_time_in_millis(self):
        return 30_000


def handler_of(function):
    """The module of a function, without the process it keeps ready: this one lives longer."""
    module = importlib.import_module(f"src.{function}.handler")
    reader_kept.close()
    return module


@pytest.fixture
def invoke(deployment):  # noqa: F811
    """Call a function with an event, as Lambda does."""

    def call(function, given):
        module = handler_of(function)
        getattr(module, "adapter", []).clear()
        for logger in (module.logger, logging.getLogger("stereo_spot")):
            for handler in logger.handlers:
                if type(handler) is logging.StreamHandler:
                    handler.setStream(_Stdout())
        return module.lambda_handler(event(given) if isinstance(given, str) else given, Context())

    return call
