"""Convert one film on this machine: the same steps, driven to the end in the foreground."""

import os
import shutil
import stat
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stereo_spot.adapters.local.folder import fingerprint
from stereo_spot.conversion import control
from stereo_spot.conversion.collect import collect
from stereo_spot.conversion.create import create
from stereo_spot.conversion.progress import JobProgress, progress_of
from stereo_spot.conversion.segments import stored_keys
from stereo_spot.errors import ErrorKind, MachineError, RequestError, SourceError, error_of
from stereo_spot.events import ChunkRequested
from stereo_spot.keys import SourceKey, job_prefixes
from stereo_spot.model import CHUNKING, Job, JobOptions, JobStatus
from stereo_spot.runtime.crew import threads_of
from stereo_spot.runtime.local import LocalMachine
from stereo_spot.runtime.pool import WorkerPool
from stereo_spot.runtime.steps import StepThreads

_NAMESPACE = uuid.UUID("6f3b1c1e-5d0a-4f6e-9f0e-2d3d5b0c7a11")
_POLL_S = 0.1
_LEAST_FREE_BYTES = 16 << 20
Watch = Callable[[Job, JobProgress], None]


class FilmAway(SourceError):
    """The film is not where it was; its job is as it is, for when the film is back."""


@dataclass(frozen=True)
class Prepared:
    """A job ready to be driven, and whether an earlier run had begun or even finished it."""

    job: Job
    segments_done: int = 0

    @property
    def resumed(self) -> bool:
        """Whether finished segments of an earlier run are there."""
        return self.segments_done > 0 and not self.finished

    @property
    def finished(self) -> bool:
        """Whether the film is there already."""
        return self.job.status is JobStatus.COMPLETED


def check_source(path: Path) -> None:
    """Refuse what cannot be a film before anything is made for it.

    Raises:
        SourceError: `source_missing`, `source_unreadable`, `source_empty`.
    """
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
            with path.open("rb"):
                pass
    except FileNotFoundError as error:
        raise SourceError(ErrorKind.SOURCE_MISSING, f"there is no file {path}") from error
    except OSError as error:
        raise SourceError(
            ErrorKind.SOURCE_UNREADABLE, f"cannot read {path}: {error.strerror}"
        ) from error
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(
            ErrorKind.SOURCE_UNREADABLE, f"{path} is a pipe or device; a film has to be a file"
        )
    if status.st_size == 0:
        raise SourceError(ErrorKind.SOURCE_EMPTY, f"{path} has no bytes in it")


def is_folder(path: Path) -> bool:
    """Whether it is a folder; what cannot be looked at is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def check_place(output: Path) -> None:
    """Refuse a place that cannot be written before the work, not after it.

    Raises:
        MachineError: `output_unwritable`.
    """
    try:
        nearest = output.parent if output.is_file() else output
        while not nearest.exists() and nearest != nearest.parent:
            nearest = nearest.parent
        good = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
        why = f"{nearest} is no folder to write in"
    except OSError as error:
        good, why = False, str(error.strerror)
    if not good:
        raise MachineError(ErrorKind.OUTPUT_UNWRITABLE, f"cannot write {output}: {why}")


def make_folder(folder: Path) -> None:
    """Make a folder for results.

    Raises:
        MachineError: `output_unwritable`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(
            ErrorKind.OUTPUT_UNWRITABLE, f"cannot write {folder}: {error.strerror}"
        ) from error


def prepare(source: Path, options: JobOptions, machine: LocalMachine) -> Prepared:
    """Find the job of this film and these options, or make it.

    The identity of a job is the version of the film (size, time, first and last MiB) and all
    options, so that the same command again goes on with the same job.
    """
    name = f"{fingerprint(source)} {options.digest()}"
    for turn in range(1000):
        job_id = str(uuid.uuid5(_NAMESPACE, f"{name} {turn}"))
        job = machine.services.jobs.get(job_id) or _created(job_id, source, options, machine)
        if _usable(job, machine):
            return _ready(job, source, machine)
    raise MachineError(ErrorKind.INTERNAL, f"{source} was converted and deleted too often")


def _created(job_id: str, source: Path, options: JobOptions, machine: LocalMachine) -> Job:
    try:
        return create(options, machine.services, job_id=job_id, title=source.stem)
    except RequestError as error:
        if error.kind is not ErrorKind.CONFLICT:
            raise
    return control.find(job_id, machine.services)  # the same command runs at the same time


def _usable(job: Job, machine: LocalMachine) -> bool:
    """Whether a job can be gone on with: not deleted or refused, its film not taken away."""
    if job.status is JobStatus.DELETED:
        return False
    if job.status is JobStatus.FAILED and control.hopeless(job):
        control.delete(job.job_id, machine.services)  # the film may be back, or whole again
        return False
    if job.status is not JobStatus.COMPLETED:
        return True
    try:
        machine.objects.open(job.output_key or "", etag=job.output_etag).close()
    except SourceError:
        control.delete(job.job_id, machine.services)
        return False
    return True


def _ready(job: Job, source: Path, machine: LocalMachine) -> Prepared:
    app = machine.services
    if job.status is not JobStatus.COMPLETED:
        machine.objects.link_source(str(SourceKey(job.job_id)), source)
    if job.status is JobStatus.FAILED:
        job = control.retry(job.job_id, app)
    if job.status.open:
        app.bus.publish(ChunkRequested(job_id=job.job_id))
    rows = app.ledger.rows(job.job_id)
    done = {row.segment_index for row in rows if row.done}
    if job.status in CHUNKING:  # a kill may have lost the news of a segment that is stored
        app.renders.submit([key for key in stored_keys(job, app) if key.index not in done])
    return Prepared(job, len(done))


def drive(job_id: str, machine: LocalMachine, *, workers: int, watch: Watch) -> Job:
    """Run the steps and `workers` render processes until the job has ended.

    Raises:
        StereoSpotError: of the kind the job failed with.
        FilmAway: when the film vanishes; the join would notice only after all the work.
        SourceError: `source_changed` when the film is another now.
        MachineError: `disk_full` when the space runs out.
    """
    app = machine.services
    with (
        StepThreads(machine, job_id=job_id),
        WorkerPool(machine.data, [threads_of(workers)] * workers, job_id=job_id),
    ):
        while True:
            job = control.find(job_id, app)
            watch(job, progress_of(job, app.ledger.rows(job_id), app.clock()))
            if not job.status.open:
                break
            _check_space(machine)
            _check_film(job_id, machine)
            time.sleep(_POLL_S)
    if job.status is JobStatus.FAILED:
        raise error_of(job.error_kind or "internal", _told(job))
    collect(job, app)
    return job


def _told(job: Job) -> str:
    place = f"segment {job.error_segment}: " if job.error_segment is not None else ""
    return f"{place}{job.error_text}"


def _check_film(job_id: str, machine: LocalMachine) -> None:
    try:
        machine.objects.open(str(SourceKey(job_id))).close()
    except (RequestError, OSError):
        return  # deleted, as the row says; or a disk that may answer again before the join
    except SourceError as error:
        if error.kind is not ErrorKind.SOURCE_MISSING:
            raise
        kept = "what is done is kept: when it is back, the same command goes on"
        raise FilmAway(error.kind, f"{error.message}; {kept}") from error


def _check_space(machine: LocalMachine) -> None:
    try:
        free = shutil.disk_usage(machine.data).free
    except OSError as error:
        raise MachineError(
            ErrorKind.OUTPUT_UNWRITABLE,
            f"cannot use the data folder {machine.data}: {error.strerror}",
        ) from error
    if free < _LEAST_FREE_BYTES:
        raise MachineError(ErrorKind.DISK_FULL, f"there is no space left where {machine.data} lies")


def discard(job_id: str, machine: LocalMachine) -> None:
    """Remove a job and all it stored, the objects first: the disk may be full."""
    for prefix in job_prefixes(job_id):
        machine.objects.delete([info.key for info in machine.objects.list(prefix)])
    control.delete(job_id, machine.services)
    machine.bus.forget(job_id)


def deliver(job: Job, machine: LocalMachine, output: Path) -> None:
    """Let the finished film stand at `output`; the data folder keeps no second copy.

    Raises:
        MachineError: `output_unwritable` or `disk_full`.
    """
    make_folder(output.parent)
    machine.objects.hand_over(job.output_key or "", output)
