"""Reassemble: join the rendered segments with the source's own sound and publish the film.

Woken by: `SegmentsComplete`, the sweeper.
Writes: the final object, then `completed` on the row: the publish.
Retry: a final made of the same parts is adopted.
"""

import hashlib
from contextlib import closing
from typing import Any

from stereo_spot.conversion.ending import end, end_if_exhausted
from stereo_spot.conversion.holding import holding
from stereo_spot.conversion.plans import load_manifest, load_plan, save_manifest
from stereo_spot.conversion.report import film_report
from stereo_spot.conversion.scratch import scratch_folder
from stereo_spot.conversion.services import Services
from stereo_spot.errors import ErrorKind, SourceError, StepError
from stereo_spot.keys import FinalKey, RenderedKey, SourceKey
from stereo_spot.media.cut import cut
from stereo_spot.media.inspect import RenderedFacts, inspect
from stereo_spot.media.join import final_suffix, join
from stereo_spot.model import Job, Manifest, Plan, Segment
from stereo_spot.ports import ObjectInfo, RangeReader
from stereo_spot.transitions import job as moves


def reassemble(job_id: str, app: Services) -> None:
    """Join and publish, unless somebody else holds the job."""
    owner = app.new_owner()
    claim = moves.claim_reassembly(app.clock(), owner, app.policy.lease_s)
    job = app.jobs.apply(job_id, *claim)
    if job is None:
        end_if_exhausted(job_id, app)
        return
    with holding(job, owner, app, fails_as=ErrorKind.ASSEMBLE_FAILED):
        _join_and_publish(job, app)


def _join_and_publish(job: Job, app: Services) -> None:
    rows = app.ledger.rows(job.job_id)
    plan = load_plan(job, app)
    if len(rows) != plan.total or not all(row.done for row in rows):
        done = sum(row.done for row in rows)
        raise StepError(ErrorKind.ASSEMBLE_FAILED, f"{done} segments are done of {plan.total}")
    info, joined = _final(job, plan, rows, app)
    facts = _inspected(info, app)
    if facts.frames != plan.frames:
        raise StepError(
            ErrorKind.ASSEMBLE_FAILED,
            f"the finished film has {facts.frames} frames of {plan.frames}",
        )
    publish = moves.publish(
        app.clock(),
        key=info.key,
        etag=info.etag,
        frames=facts.frames,
        result=film_report(plan, rows, info, facts, joined),
    )
    end(job.job_id, publish, app)


def _inspected(info: ObjectInfo, app: Services) -> RenderedFacts:
    """What the final object is; the source is not to blame for what is wrong with it."""
    try:
        with closing(app.objects.open(info.key, etag=info.etag)) as reader:
            return inspect(reader, limits=app.limits)
    except SourceError as error:
        raise StepError(
            ErrorKind.ASSEMBLE_FAILED, f"the finished film cannot be read: {error.message}"
        ) from error


def _final(
    job: Job, plan: Plan, rows: list[Segment], app: Services
) -> tuple[ObjectInfo, dict[str, Any]]:
    """The final object: an earlier run's when it is of the same parts, else made now."""
    key = str(FinalKey(job.job_id, final_suffix(plan).removeprefix(".")))
    digest = hashlib.sha256("\n".join(str(row.output_etag) for row in rows).encode()).hexdigest()
    there = app.objects.head(key)
    if there is not None:
        return _adopted(there, digest), {}
    with closing(app.objects.open(str(SourceKey(job.job_id)), etag=job.source_etag)) as source:
        manifest = load_manifest(job, app) or _rebuilt_manifest(job, plan, source, app)
        with app.objects.create(key, {"parts_digest": digest}) as new:
            report = join(
                source,
                manifest,
                lambda index: _part(rows[index], app),
                new,
                plan=plan,
                limits=app.limits,
            )
            if report.frames != plan.frames:
                raise StepError(
                    ErrorKind.ASSEMBLE_FAILED,
                    f"the join took {report.frames} frames of {plan.frames}",
                )
            made = new.commit() or app.objects.head(key)
    if made is None:
        raise StepError(ErrorKind.ASSEMBLE_FAILED, f"{key} was removed as it was stored")
    return _adopted(made, digest), report.model_dump(mode="json")


def _part(row: Segment, app: Services) -> RangeReader:
    """A rendered segment, exactly as the ledger names it."""
    key = str(RenderedKey(row.job_id, row.segment_index))
    try:
        return app.objects.open(key, etag=row.output_etag)
    except SourceError as error:
        raise StepError(ErrorKind.ASSEMBLE_FAILED, error.message) from error


def _adopted(info: ObjectInfo, digest: str) -> ObjectInfo:
    if info.metadata.get("parts_digest") != digest:
        raise StepError(ErrorKind.ASSEMBLE_FAILED, f"a film of other parts stands at {info.key}")
    return info


def _rebuilt_manifest(job: Job, plan: Plan, source: RangeReader, app: Services) -> Manifest:
    """The manifest again, for a job whose chunker was lost after its last segment."""
    with scratch_folder(app) as folder:
        manifest = cut(
            source,
            plan,
            scratch=folder,
            store=lambda _segment, _path: None,
            have=range(plan.total),
            limits=app.limits,
        )
    save_manifest(job.job_id, manifest, app)
    return manifest
