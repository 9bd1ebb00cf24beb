"""Render: claim a segment, have it made, here or elsewhere, and note it when it is done.

Woken by: a stored segment, the sweeper's dispatch.
Writes: the claim, the report, the mezzanine, the rendered segment (the signal), the done row.
Retry: a stored result is adopted, never made again.
"""

from stereo_spot.conversion.complete import complete, completion_of
from stereo_spot.conversion.ending import end_if_exhausted, failure_of
from stereo_spot.conversion.lease import kept_alive, reported
from stereo_spot.conversion.services import Services
from stereo_spot.errors import ErrorKind, StepError
from stereo_spot.keys import RenderedKey, SegmentKey
from stereo_spot.model import CHUNKING
from stereo_spot.ports import ObjectInfo, Outcome, Renderer
from stereo_spot.transitions import segment as claims
from stereo_spot.transitions.job import Failure


def render(key: SegmentKey, app: Services, renderer: Renderer) -> None:
    """Render one segment, unless it is done or somebody else holds it."""
    job = app.jobs.get(key.job_id)
    if job is None or job.status not in CHUNKING or job.plan_digest is None:
        return
    rendered = RenderedKey(key.job_id, key.index)
    there = app.objects.head(str(rendered))
    if there is not None and completion_of(job, there) is not None:
        complete(rendered, app)
        return
    info = app.objects.head(str(key))
    if info is None or info.metadata.get("plan_digest") != job.plan_digest:
        return
    owner = app.new_owner()
    lease_s = renderer.lease_s or app.policy.lease_s
    change = claims.claim(app.clock(), owner, lease_s, job=job, index=key.index)
    if app.ledger.apply(key.job_id, key.index, *change) is None:
        end_if_exhausted(key.job_id, app, index=key.index)
        return
    _render_held(key, info, owner, app, renderer, foreign=there)


def _render_held(
    key: SegmentKey,
    info: ObjectInfo,
    owner: str,
    app: Services,
    renderer: Renderer,
    *,
    foreign: ObjectInfo | None,
) -> None:
    frames_done, target = 0, RenderedKey(key.job_id, key.index)
    lease_s = renderer.lease_s or app.policy.lease_s

    def progress(frames: int) -> None:
        nonlocal frames_done
        frames_done = frames

    def beat() -> bool:
        change = claims.heartbeat(app.clock(), owner, lease_s, frames_done)
        job = app.jobs.get(key.job_id)
        return (
            app.ledger.apply(key.job_id, key.index, change) is not None
            and job is not None
            and job.status in CHUNKING
        )

    def failed(error: Exception) -> None:
        note_failure(target, owner, failure_of(error, ErrorKind.SEGMENT_FAILED), app)

    def stopped() -> None:
        app.ledger.apply(key.job_id, key.index, claims.give_back(owner))

    with reported(failed, stopped), kept_alive(beat, app.policy.heartbeat_s, renderer.stop):
        if foreign is not None:
            raise StepError(
                ErrorKind.SEGMENT_FAILED, f"what stands at {foreign.key} is not of this plan"
            )
        outcome = renderer.make(info, target, run=owner, progress=progress)
    if outcome is Outcome.STORED:
        complete(target, app, creates=False)
    elif outcome is Outcome.STOPPED:
        stopped()


def note_failure(key: RenderedKey, run: str, failure: Failure, app: Services) -> bool:
    """Write down that a rendering begun elsewhere failed; False when it was not under way."""
    change = claims.report_failure(run, failure.kind, failure.text)
    if app.ledger.apply(key.job_id, key.index, change) is None:
        return False
    end_if_exhausted(key.job_id, app, index=key.index)
    return True
