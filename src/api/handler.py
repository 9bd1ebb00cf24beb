"""Serves the API and the page.

Rule: every request to the HttpApi.
Writes: what a route of `stereo_spot.web` writes; films go straight to the buckets by signed links.
Retry: the caller's; `Idempotency-Key` makes a repeated create safe.
"""

from typing import Any

import stereo_spot.runtime.coldstart as coldstart
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from mangum import Mangum
from stereo_spot.runtime.aws_web import web_application
from stereo_spot.runtime.tracing import traced

coldstart.over()
logger, metrics = Logger(), Metrics()
copy_config_to_registered_loggers(source_logger=logger, include={"stereo_spot"})
adapter: list[Mangum] = []
TEXT = ["text/", "application/json", "application/problem+json", "image/svg+xml"]


@metrics.log_metrics
@traced
@logger.inject_lambda_context(clear_state=True, correlation_id_path="requestContext.requestId")
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request."""
    metrics.add_metric(name="Requests", unit=MetricUnit.Count, value=1)
    if not adapter:
        adapter.append(Mangum(web_application(), lifespan="off", text_mime_types=TEXT))
    answer: dict[str, Any] = adapter[0](event, context)
    if answer["statusCode"] >= 500:
        metrics.add_metric(name="ServerErrors", unit=MetricUnit.Count, value=1)
    return answer
