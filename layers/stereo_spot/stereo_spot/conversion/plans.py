"""The committed plan and its manifest, kept as objects beside the job."""

from stereo_spot.conversion.services import Services
from stereo_spot.conversion.stored import read_all, store_bytes
from stereo_spot.errors import ErrorKind, StepError
from stereo_spot.keys import manifest_key, plan_key
from stereo_spot.model import Job, Manifest, Plan


def save_plan(job_id: str, plan: Plan, app: Services) -> None:
    """Store a plan under its own digest; the same plan twice is one object."""
    body = plan.model_dump_json().encode()
    store_bytes(app.objects, plan_key(job_id, plan.digest()), body, {})


def load_plan(job: Job, app: Services) -> Plan:
    """The plan the job committed.

    Raises:
        StepError: `chunk_failed` when the stored body is not the committed plan.
    """
    if job.plan_digest is None:
        raise StepError(ErrorKind.CHUNK_FAILED, f"job {job.job_id} has no plan yet")
    body = read_all(app.objects.open(plan_key(job.job_id, job.plan_digest)))
    plan = Plan.model_validate_json(body)
    if plan.digest() != job.plan_digest:
        raise StepError(ErrorKind.CHUNK_FAILED, f"the plan of job {job.job_id} was altered")
    return plan


def save_manifest(job_id: str, manifest: Manifest, app: Services) -> None:
    """Store the manifest once."""
    key = manifest_key(job_id, manifest.plan_digest)
    store_bytes(app.objects, key, manifest.model_dump_json().encode(), {})


def load_manifest(job: Job, app: Services) -> Manifest | None:
    """The manifest of the committed plan, None when the cut has not written it."""
    key = manifest_key(job.job_id, job.plan_digest or "")
    if app.objects.head(key) is None:
        return None
    return Manifest.model_validate_json(read_all(app.objects.open(key)))
