"""Cuts an uploaded film into segments.

Rule: SourceStoredRule (S3 `Object Created` under `input/`), ChunkRequestedRule (our own bus).
Writes: plan, segments, manifest and the job row, in the order that `conversion.chunk` says.
Retry: any event may come again; what is stored is skipped, a job that is taken is left alone.
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
    """Bring the job of the stored or named film to stored segments."""
    metrics.add_metric(name="Events", unit=MetricUnit.Count, value=1)
    found, job_id = read(event, "chunk")
    if found is None:
        return
    logger.append_keys(job_id=job_id)
    cut = run_step(found)
    metrics.add_metric(name="FilmsCut" if cut else "FilmsRefused", unit=MetricUnit.Count, value=1)
    logger.info("chunk step over", extra={"refused": not cut})
