"""Tell: let the operator's receiver know how a job ended, at least once.

Woken by: the sweeper alone, so that nothing else ever waits for a receiver.
Writes: first when to try again, then that the receiver knows.
Retry: the same message under the same id, after pauses as long as the end is old, for a day.
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from stereo_spot.conversion.notice import ended_at, notice_id, notice_of
from stereo_spot.conversion.services import Services
from stereo_spot.model import Job, JobStatus
from stereo_spot.transitions import job as moves

log = logging.getLogger(__name__)
TOLD_FOR_S = 24 * 3600.0
SHORTEST_S, LONGEST_S = 5.0, 3600.0
ROUND_S = 10.0
"""How long one sweep goes on telling before it leaves the rest to the next."""
_TOLD = (JobStatus.COMPLETED, JobStatus.FAILED)


@dataclass(frozen=True)
class Receiver:
    """Who is told, as this process knows it."""

    deliver: Callable[[str, bytes], str | None] | None
    """Hands over a message, given its id and text; why it was not taken, or None when it was."""
    site: str = ""
    """The address of the API that links lead to."""


NOBODY = Receiver(None)
"""Where the operator named no receiver: an end then counts as told."""


def tell_ended(jobs: Iterable[Job], app: Services, receiver: Receiver | None) -> None:
    """Tell of those `jobs` whose turn it is, the longest due first.

    There is one receiver: when it does not take a message, the others wait for the next sweep.
    Without a `receiver` it is for another process to tell; only what nobody told for a day is let
    go.
    """
    until = time.monotonic() + ROUND_S
    for job in sorted(jobs, key=lambda job: job.due_at or 0.0):
        if not _tell(job.job_id, app, receiver) or time.monotonic() > until:
            return


def _tell(job_id: str, app: Services, receiver: Receiver | None) -> bool:
    """False when the receiver did not take the message."""
    job, now = app.jobs.get(job_id), app.clock()
    if job is None or job.announce != "sent" or job.status not in _TOLD:
        return True
    late = now - ended_at(job) > TOLD_FOR_S
    if late or receiver == NOBODY:
        app.jobs.apply(job_id, moves.told(now, job))
        if receiver not in (None, NOBODY):
            log.warning("receiver never told", extra={"job_id": job_id})
    elif receiver is not None and (job.due_at or 0.0) <= now:
        return _delivered(job, app, receiver)
    return True


def _delivered(job: Job, app: Services, receiver: Receiver) -> bool:
    now = app.clock()
    pause = min(max(now - ended_at(job), SHORTEST_S), LONGEST_S)
    tried = app.jobs.apply(job.job_id, moves.told_later(now, job, now + pause))
    if tried is None or receiver.deliver is None:
        return True
    text = notice_of(tried, receiver.site).model_dump_json().encode()
    refused = receiver.deliver(notice_id(tried), text)
    if refused is not None:
        told = {"job_id": job.job_id, "reason": refused, "again_in_s": round(pause)}
        log.warning("receiver did not take the message", extra=told)
        return False
    app.jobs.apply(job.job_id, moves.told(app.clock(), tried))
    log.info("receiver told", extra={"job_id": job.job_id})
    return True
