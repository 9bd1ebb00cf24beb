"""Each handler is started by Lambda's own runtime client, from a bare process, and answers."""

import json
import sys

import pytest

from tests.aws import stage
from tests.handlers.conftest import event
from tests.handlers.runtime_api import invoke_in_child

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="awslambdaric is made for Linux only"
)


@pytest.mark.parametrize("function", ["chunker", "reassembler", "trigger"])
def test_an_event_that_is_not_ours_is_answered_with_nothing(function):
    assert invoke_in_child(function, event("s3-foreign-bucket"), stage.environment()) == (
        "response",
        None,
    )


def test_a_request_is_answered(aws):
    kind, answer = invoke_in_child("api", event("http-health"), stage.environment())

    assert (kind, answer["statusCode"]) == ("response", 200)
    assert json.loads(answer["body"]) == {"status": "ok"}


def test_an_error_of_the_step_reaches_lambda(aws):
    broken = stage.environment() | {"JOBS_TABLE_NAME": ""}

    kind, answer = invoke_in_child("chunker", event("bus-chunk-requested"), broken)

    assert kind == "error" and answer["errorType"]
