"""Joins the rendered segments with the source's own sound and publishes the film.

Rule: SegmentsCompleteRule (our own bus).
Writes: the final object, then `completed` on the job row.
Retry: a final object of the same parts is adopted; a job that is taken is left alone.
"""

from typing import Any

import stereo_spot.runtime.coldstart as coldstart
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from stereo_spot.runtime.lambdas import keep_reader_ready, read, run_step
from stereo_spot.runtime.tracing import traced

coldstart.over()
keep_reader_ready()
logger, metrics = Logger(), Metrics()
copy_config_to_registered_loggers(source_logger=logger, include={"stereo_spot"})


@metrics.log_metrics
@traced
@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Finish the film of the named job."""
    metrics.add_metric(name="Events", unit=MetricUnit.Count, value=1)
    found, job_id = read(event, "reassemble")
    if found is None:
        return
    logger.append_keys(job_id=job_id)
    joined = run_step(found)
    metrics.add_metric(
        name="FilmsJoined" if joined else "FilmsRefused", unit=MetricUnit.Count, value=1
    )
    logger.info("reassemble step over", extra={"refused": not joined})
