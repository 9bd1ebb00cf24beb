"""The pictures that stand for films in a list."""

from collections.abc import Iterable

from stereo_spot.model import Job, JobStatus
from stereo_spot.web.site import Site


def posters(jobs: Iterable[Job], site: Site) -> dict[str, str]:
    """Links to a picture for each finished film that has one, by job."""
    if site.library is None:
        return {}
    from stereo_spot.web.moment_views import picture_link  # loads the analyzer

    done = [job.job_id for job in jobs if job.status is JobStatus.COMPLETED]
    scenes = {job_id: site.library.poster(job_id) for job_id in done}
    return {
        job_id: picture_link(job_id, scene) for job_id, scene in scenes.items() if scene is not None
    }
