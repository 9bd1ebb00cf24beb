"""X-Ray's view into a Lambda function, where the deployment asks for it."""

from collections.abc import Callable
from typing import Any

from stereo_spot.settings.aws import traces_calls

Handler = Callable[[dict[str, Any], Any], Any]


def traced(handler: Handler) -> Handler:
    """`handler`, with each of its calls to AWS recorded where `TraceCalls` says so.

    The service traces starts and runs of functions by itself. The recorder adds the calls inside,
    and a quarter of a second to every cold start.
    """
    if not traces_calls():
        return handler
    from aws_lambda_powertools import Tracer

    recorded: Handler = Tracer().capture_lambda_handler(handler, capture_response=False)
    return recorded
