"""Notes rendered segments, and repairs what a lost event or a dead worker left behind.

Rule: SegmentRenderedRule, RenderFailedRule, SweepSchedule; the queue of undeliverable events.
Writes: the ledger row, the count on the job row and its flip; what `conversion.sweep` repairs.
Retry: only the first adoption of a segment counts; a message that breaks does not block others.
"""

from typing import Any

import stereo_spot.runtime.coldstart as coldstart
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from stereo_spot.runtime.aws import services
from stereo_spot.runtime.lambdas import read, run_step
from stereo_spot.runtime.tracing import traced
from stereo_spot.runtime.waking import look_at_dead_letter, wake

coldstart.over()
logger, metrics = Logger(), Metrics()
copy_config_to_registered_loggers(source_logger=logger, include={"stereo_spot"})
letters = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@metrics.log_metrics
@traced
@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Do what the event asks for; dead letters answer which of them have to come again."""
    metrics.add_metric(name="Events", unit=MetricUnit.Count, value=1)
    match event:
        case {"Records": [{"messageId": str()}, *_]}:
            return process_partial_response(event, _letter, letters, context)
    figures = wake(event, services())
    for name, value in (figures or {}).items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    if figures is None:
        found, job_id = read(event, "render", "complete")
        if found is not None:
            logger.append_keys(job_id=job_id)
            run_step(found)
            logger.info("segment noted")
    return None


def _letter(record: SQSRecord) -> None:
    look_at_dead_letter(record.body, services())
