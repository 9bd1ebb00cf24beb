"""Holding a job's lease for a step: alive while it works, and free however it ends early."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stereo_spot.conversion.ending import end, end_if_exhausted, failure_of
from stereo_spot.conversion.lease import kept_alive, reported
from stereo_spot.conversion.services import Services
from stereo_spot.errors import ErrorKind, SourceError
from stereo_spot.model import Job
from stereo_spot.transitions import job as moves
from stereo_spot.transitions.job import Failure


@contextmanager
def holding(
    job: Job,
    owner: str,
    app: Services,
    *,
    fails_as: ErrorKind,
    refusal: Callable[[Exception], Failure | None] | None = None,
    lost: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Keep the lease that `owner` has claimed on `job`.

    An error that `refusal` (else `refusal_of`) finds final ends the job; any other uses up a try,
    and ends it with the last. `fails_as` names errors that have no kind of their own; `lost` is
    called once when the lease is gone.
    """

    def failed(error: Exception) -> None:
        final = (refusal or refusal_of)(error)
        if final is not None:
            end(job.job_id, moves.refuse(app.clock(), job, owner, final), app)
            return
        failure = failure_of(error, fails_as)
        app.jobs.apply(job.job_id, moves.report_failure(app.clock(), owner, failure.text))
        end_if_exhausted(job.job_id, app, last=failure)

    def stopped() -> None:
        app.jobs.apply(job.job_id, moves.give_back(app.clock(), owner))

    def beat() -> bool:
        change = moves.heartbeat(app.clock(), owner, app.policy.lease_s)
        return app.jobs.apply(job.job_id, change) is not None

    with reported(failed, stopped), kept_alive(beat, app.policy.heartbeat_s, lost):
        yield


def refusal_of(error: Exception) -> Failure | None:
    """Why no further try can help, or None: the film is at fault."""
    return Failure(error.kind, error.message) if isinstance(error, SourceError) else None
