"""What one owner sees of the jobs, where requests carry a name."""

from collections.abc import Iterator, Sequence

from stereo_spot.model import Job, JobStatus, Seconds
from stereo_spot.ports import JobPage, JobStore
from stereo_spot.transitions.change import Change


class OwnedJobs:
    """A job store as `owner` may use it: what belongs to others is not there."""

    def __init__(self, jobs: JobStore, owner: str) -> None:
        self._jobs, self._owner = jobs, owner

    def create(self, job: Job) -> bool:
        """Store a new row in the owner's name; False when the id is taken."""
        return self._jobs.create(job.model_copy(update={"owner": self._owner}))

    def get(self, job_id: str) -> Job | None:
        """The row as it is now; None for a job of somebody else."""
        job = self._jobs.get(job_id)
        return job if job is not None and job.owner == self._owner else None

    def apply(self, job_id: str, *changes: Change) -> Job | None:
        """The first of `changes` whose conditions hold; None for a job of somebody else."""
        return self._jobs.apply(job_id, *changes) if self.get(job_id) is not None else None

    def page(
        self,
        statuses: Sequence[JobStatus],
        *,
        owner: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> JobPage:
        """The owner's jobs in these statuses, newest first."""
        del owner
        return self._jobs.page(statuses, owner=self._owner, limit=limit, cursor=cursor)

    def due(self, now: Seconds) -> Iterator[Job]:
        """The owner's ended jobs with something left to do."""
        return (job for job in self._jobs.due(now) if job.owner == self._owner)
