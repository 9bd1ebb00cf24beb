"""How far a job is, in frames, from the rows alone."""

from stereo_spot.model import Frozen, Job, JobStatus, Segment

_STAGE = {
    JobStatus.CREATED: "waiting for the film",
    JobStatus.INGESTING: "fetching the film",
    JobStatus.CHUNKING_IN_PROGRESS: "cutting and rendering",
    JobStatus.CHUNKING_COMPLETE: "rendering",
    JobStatus.REASSEMBLING: "joining",
    JobStatus.COMPLETED: "done",
    JobStatus.FAILED: "failed",
    JobStatus.DELETED: "deleted",
}


class JobProgress(Frozen):
    """What can be said of the work now; None is unknown."""

    stage: str
    frames_done: int
    frames_total: int | None
    segments_done: int
    segments_total: int | None
    frames_per_s: float | None
    seconds_left: float | None

    @property
    def percent(self) -> int:
        """0..100; 99 until the film is published."""
        if self.stage == _STAGE[JobStatus.COMPLETED]:
            return 100
        if not self.frames_total:
            return 0
        return min(99, 100 * self.frames_done // self.frames_total)


def progress_of(job: Job, rows: list[Segment], now: float) -> JobProgress:
    """The progress of a job.

    The speed is frames rendered since the work was asked for; the time left rests on it and is
    unknown until the first frames are done.
    """
    done = sum(row.frames_done for row in rows)
    total = job.frames or job.planned_frames
    if total is None and job.facts is not None and job.plan_digest:
        total = job.facts.frames
    rate = None
    if job.status.open and job.start_requested_at is not None and done:
        rate = done / max(now - job.start_requested_at, 0.001)
    left = (total - done) / rate if rate and total is not None else None
    stage = _STAGE[job.status]
    if job.status is JobStatus.CREATED and job.facts is not None:
        stage = "ready to start"
    return JobProgress(
        stage=stage,
        frames_done=done,
        frames_total=total,
        segments_done=sum(row.done for row in rows),
        segments_total=job.total_segments,
        frames_per_s=rate,
        seconds_left=max(left, 0.0) if left is not None else None,
    )
