"""Complete: a rendered segment that stands in the store becomes a done row; the last one flips.

One function for the event, the worker and the sweeper, so that any one of them is enough.
"""

import json
from typing import Any

from stereo_spot.conversion.services import Services
from stereo_spot.conversion.stored import read_all
from stereo_spot.events import SegmentsComplete
from stereo_spot.keys import RenderedKey, report_key
from stereo_spot.model import CHUNKING, Job, Segment, SegmentCompletion
from stereo_spot.ports import ObjectInfo
from stereo_spot.transitions import job as moves
from stereo_spot.transitions import segment as claims

REPORTED = "reported"
"""Metadata entry of a rendered segment with a report beside it."""


def completion_of(job: Job, info: ObjectInfo) -> SegmentCompletion | None:
    """Read a rendered segment's metadata; None unless it belongs to the committed plan."""
    key = RenderedKey.parse(info.key)
    mark = info.metadata
    if key is None or job.plan_digest is None or mark.get("plan_digest") != job.plan_digest:
        return None
    frames = mark.get("n_frames", "")
    if mark.get("index") != str(key.index) or not frames.isdecimal():
        return None
    if key.index >= (job.total_segments or 0):
        return None
    return SegmentCompletion(
        job_id=job.job_id,
        segment_index=key.index,
        total_segments=job.total_segments or 0,
        completed_at=info.stored_at,
        output_s3_uri=info.key,
        output_etag=info.etag,
        plan_digest=job.plan_digest,
        frames=int(frames),
    )


def complete(key: RenderedKey, app: Services, *, creates: bool = True) -> None:
    """Adopt the object at `key` into the ledger, and flip the job when it was the last.

    Writes: the segment row, then a hint on the job row, then the flip.
    Retry: safe at any point and in any number; only the first adoption counts.
    """
    job = app.jobs.get(key.job_id)
    info = app.objects.head(str(key))
    if job is None or info is None or job.status not in CHUNKING:
        return
    completion = completion_of(job, info)
    if completion is None:
        return
    change = claims.done(completion, creates=creates, report=_report_of(key, info, app))
    if app.ledger.apply(key.job_id, key.index, change) is not None:
        job = app.jobs.apply(key.job_id, moves.note_done(app.clock(), completion.frames))
    if job is not None and job.done_hint >= (job.total_segments or 0):
        flip_if_done(job, app.ledger.rows(key.job_id), app)


def _report_of(key: RenderedKey, info: ObjectInfo, app: Services) -> dict[str, Any] | None:
    """What a render server stored beside the segment; None where a worker noted it on the row."""
    if info.metadata.get(REPORTED) is None:
        return None
    reader = app.objects.open(report_key(key.job_id, key.index))
    told: dict[str, Any] = json.loads(read_all(reader))
    return told


def flip_if_done(job: Job, rows: list[Segment], app: Services) -> bool:
    """Open reassembly when the rows, counted consistently, are all done."""
    if job.total_segments is None or sum(row.done for row in rows) != job.total_segments:
        return False
    if app.jobs.apply(job.job_id, moves.flip(app.clock())) is None:
        return False
    app.bus.publish(SegmentsComplete(job_id=job.job_id))
    return True
