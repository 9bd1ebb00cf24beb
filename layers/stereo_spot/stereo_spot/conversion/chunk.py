"""Chunk: look at the source, commit the plan, cut it into segments.

Woken by: the stored source, a start or a retry, the sweeper.
Writes: plan object, plan on the row, segments, manifest, `chunking_complete`; in that order.
Retry: every later run uses the committed plan and skips the segments that are stored.
"""

import logging
import threading
from contextlib import closing
from pathlib import Path

from stereo_spot.conversion.ending import end, end_if_exhausted, failure_of
from stereo_spot.conversion.fits import check_scratch, check_time, scratch_bytes
from stereo_spot.conversion.holding import holding, refusal_of
from stereo_spot.conversion.plans import load_plan, save_manifest, save_plan
from stereo_spot.conversion.scratch import check_free, scratch_folder
from stereo_spot.conversion.segments import store_segment, stored_indices
from stereo_spot.conversion.services import Services
from stereo_spot.errors import ErrorKind, RequestError, SourceError, StepError
from stereo_spot.keys import SourceKey
from stereo_spot.media.cut import cut
from stereo_spot.media.plan import plan as plan_source
from stereo_spot.media.probe import probe
from stereo_spot.media.process import Process
from stereo_spot.media.starting import started
from stereo_spot.model import CutSegment, Job, JobStatus, Plan
from stereo_spot.ports import ObjectInfo, RangeReader
from stereo_spot.transitions import job as moves
from stereo_spot.transitions.job import Failure

log = logging.getLogger(__name__)
_MINE = (JobStatus.CREATED, JobStatus.CHUNKING_IN_PROGRESS)


def chunk(job_id: str, app: Services) -> None:
    """Bring a job from its stored source to stored segments, as far as it may go now."""
    job = app.jobs.get(job_id)
    if job is None or job.status not in _MINE:
        return
    source = app.objects.head(str(SourceKey(job_id)))
    if source is None or job.source_etag not in (None, source.etag):
        _source_gone(job, source, app)
    elif job.start_requested_at is None:
        _look(job, source, app)
    else:
        _claim_and_cut(job, source, app)


def _source_gone(job: Job, source: ObjectInfo | None, app: Services) -> None:
    if job.source_etag is None:
        return
    what = "was removed" if source is None else "was replaced"
    failure = Failure(ErrorKind.SOURCE_CHANGED, f"the film {what} after the work began")
    end(job.job_id, moves.fail(app.clock(), job, failure), app)


def _look(job: Job, source: ObjectInfo, app: Services) -> None:
    """Note the facts of a source whose job waits for its start, or refuse it right away."""
    if job.facts is not None:
        return
    try:
        with closing(app.objects.open(source.key, etag=source.etag)) as reader:
            check_time(reader, app.policy)
            facts = probe(reader, limits=app.limits)
            check_scratch(facts, source.size, job.options, app)
    except SourceError as error:
        failure = failure_of(error, ErrorKind.CHUNK_FAILED)
        end(job.job_id, moves.refuse_unstarted(app.clock(), job, failure), app)
        return
    note = moves.note_source(
        app.clock(), etag=source.etag, size=source.size, facts=facts.model_dump(mode="json")
    )
    app.jobs.apply(job.job_id, note)


def _claim_and_cut(job: Job, source: ObjectInfo, app: Services) -> None:
    owner = app.new_owner()
    claims = moves.claim_chunk(
        app.clock(), owner, app.policy.lease_s, etag=source.etag, size=source.size
    )
    claimed = app.jobs.apply(job.job_id, *claims)
    if claimed is None:
        end_if_exhausted(job.job_id, app)
        return

    over = threading.Event()

    def lost() -> None:
        """A flip takes the lease from a chunker that is nearly done; only an ended job stops it."""
        row = app.jobs.get(job.job_id)
        if row is None or not row.status.open:
            over.set()

    kind = ErrorKind.CHUNK_FAILED
    with holding(claimed, owner, app, fails_as=kind, refusal=_refusal, lost=lost):
        _cut(claimed, source, app, over)


def _refusal(error: Exception) -> Failure | None:
    """Why no further try can help: the film is at fault, or nothing lies in the cut."""
    if isinstance(error, RequestError) and error.kind is ErrorKind.BAD_REQUEST:
        return Failure(error.kind, error.message)
    return refusal_of(error)


def _cut(job: Job, source: ObjectInfo, app: Services, over: threading.Event) -> None:
    with (
        closing(app.objects.open(source.key, etag=source.etag)) as reader,
        scratch_folder(app) as folder,
        started() as guarded,
    ):
        job, plan = _committed(job, source, reader, app, guarded)
        check_free(folder, scratch_bytes(plan.facts, source.size, plan.options))

        def store(segment: CutSegment, path: Path) -> None:
            if over.is_set():
                raise StepError(ErrorKind.CANCELLED, f"job {job.job_id} ended while it was cut")
            store_segment(job, plan, segment, path, app)

        manifest = cut(
            reader,
            plan,
            scratch=folder,
            store=store,
            have=stored_indices(job, app),
            limits=app.limits,
            guarded=guarded,
        )
    save_manifest(job.job_id, manifest, app)
    app.jobs.apply(job.job_id, moves.complete_chunking(app.clock(), job))


def _committed(
    job: Job, source: ObjectInfo, reader: RangeReader, app: Services, guarded: Process
) -> tuple[Job, Plan]:
    """The row with its plan, and the plan: made and committed now, or by an earlier run."""
    if job.plan_digest is None:
        check_time(reader, app.policy)
        made = plan_source(
            reader,
            source_etag=source.etag,
            options=job.options,
            preroll_frames=job.options.recipe.tier.preroll_frames,
            limits=app.limits,
            scenes=app.known_scenes(job),
            guarded=guarded,
        )
        check_scratch(made.facts, source.size, job.options, app)
        save_plan(job.job_id, made, app)
        facts = made.facts.model_dump(mode="json")
        commit = moves.commit_plan(
            app.clock(),
            digest=made.digest(),
            total=made.total,
            facts=facts,
            frames=made.frames,
        )
        job = app.jobs.apply(job.job_id, commit) or app.jobs.get(job.job_id) or job
    return job, load_plan(job, app)
