"""The films of this machine's jobs, made searchable: what the page asks, and what feeds it.

A film is analyzed under a second name of its own (a hard link), so that it may be collected with
its job while that goes on.
"""

import logging
import shutil
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from stereo_spot.adapters.local.analysis_files import FolderResultFiles
from stereo_spot.adapters.local.analysis_jobs import SqliteJobSource
from stereo_spot.analysis.ports import Contents
from stereo_spot.analysis.records import Video, VideoStatus, subtitle_key
from stereo_spot.analysis.search import Hit
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.keys import SourceKey
from stereo_spot.model import Job, JobStatus
from stereo_spot.runtime.analyzer import Opened, open_analyzer, read_settings, search
from stereo_spot.runtime.local import LocalMachine
from stereo_spot.runtime.pool import WorkerPool
from stereo_spot.settings.analyzer import AnalyzerSettings
from stereo_spot.settings.machine import Settings

log = logging.getLogger(__name__)
LOOK_S = 0.5
FORGET_EVERY = 4
HELD = "converting"
"""Folder of the second names."""
_WORKED_ON = (
    JobStatus.CHUNKING_IN_PROGRESS,
    JobStatus.CHUNKING_COMPLETE,
    JobStatus.REASSEMBLING,
)


@contextmanager
def searchable(machine: LocalMachine, settings: Settings) -> Iterator["Films | None"]:
    """The library of a machine, and a worker for it as long as the block lasts.

    None where that is switched off, or the analyzer is not installed.
    """
    if settings.analyze == "off" or find_spec("scenedetect") is None:
        yield None
        return
    services = settings.analyze == "services"
    with ExitStack() as stack:
        opened = stack.enter_context(open_analyzer(film_settings(machine.data, services=services)))
        films = Films(machine, opened)
        stack.enter_context(FilmWatch(machine, films))
        stack.enter_context(
            WorkerPool(
                machine.data,
                [["--services"] if services else []],
                log_level=settings.log_level,
                program="stereo_spot.runtime.film_worker",
            )
        )
        yield films


def film_settings(data: Path, *, services: bool) -> AnalyzerSettings:
    """Everything stays in the data folder; speech and pictures too, unless `services` may see them.

    A person who uploads a film to their own machine does not expect it to be sent elsewhere
    because a key happens to be in the environment.
    """
    chosen: dict[str, object] = {
        "data_dir": data / "analysis",
        "job_source_type": "local",
        "storage_type": "local",
        "worker_dev_http": False,
        "worker_poll_ms": 500,
        "worker_max_backoff_ms": 1000,
    }
    if not services:
        chosen |= {"openai_api_key": None, "openai_base_url": None}
    return read_settings().model_copy(update=chosen)


class Films:
    """The library of the page, on the embedded store and queue."""

    def __init__(self, machine: LocalMachine, opened: Opened) -> None:
        self._machine, self._opened = machine, opened
        self._inbox: SqliteJobSource = opened.parts.inbox()
        self._files = FolderResultFiles(opened.settings.folder)

    def begin(self, job: Job) -> None:
        """Let the film of a job be analyzed, unless that is done or under way."""
        rows, known = self._opened.analyzer.rows, self.contents(job.job_id)
        number, path = job.job_id, held_at(job.job_id)
        if known is None or known.video.status is VideoStatus.FAILED:
            self._hold(job)
            title = job.title or "Untitled film"
            rows.save_video(Video(id=job.job_id, original_path=path, original_name=title))
            number = job.job_id if known is None else uuid.uuid4().hex
        elif known.video.status is not VideoStatus.UPLOADED:
            return
        self._inbox.add(number, job.job_id, path=path)

    def contents(self, job_id: str) -> Contents | None:
        """Everything known of a film."""
        return self._opened.analyzer.rows.contents(job_id)

    def search(self, question: str | bytes, *, limit: int) -> list[Hit]:
        """Moments for words or a picture."""
        return search(self._opened, question, limit=limit)

    def poster(self, job_id: str) -> int | None:
        """Number of the scene in the middle of those that have a picture; films begin in black."""
        found = self._files.path(f"frames/{job_id}").glob("scene_*.jpg")
        numbers = sorted(int(path.stem.removeprefix("scene_")) for path in found)
        return numbers[len(numbers) // 2] if numbers else None

    def picture(self, key: str) -> bytes | None:
        """The JPEG of a frame."""
        reader = self._files.open(key)
        if reader is None:
            return None
        with closing(reader):
            return reader.read_at(0, reader.size)

    def release(self, job_id: str) -> None:
        """Let go of the film and its smaller copy; of all that was found, when its job is gone."""
        self._files.path(held_at(job_id)).unlink(missing_ok=True)
        shutil.rmtree(self._files.path(f"processed/{job_id}"), ignore_errors=True)
        if self.contents(job_id) is None:
            self.forget(job_id)

    def forget(self, job_id: str) -> None:
        """Remove everything that was made of a film."""
        self._files.path(held_at(job_id)).unlink(missing_ok=True)
        self._opened.analyzer.rows.forget(job_id)
        for folder in ("frames", "processed"):
            shutil.rmtree(self._files.path(f"{folder}/{job_id}"), ignore_errors=True)
        for suffix in ("srt", "vtt"):
            self._files.path(subtitle_key(job_id, suffix)).unlink(missing_ok=True)

    def held(self) -> Iterator[str]:
        """The jobs whose films have a second name."""
        folder = self._files.path(HELD)
        yield from (path.stem for path in folder.glob("*.film"))

    def _hold(self, job: Job) -> None:
        place = self._files.path(held_at(job.job_id))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        try:
            source = self._machine.objects.path_of(str(SourceKey(job.job_id)))
            try:
                place.hardlink_to(source)
            except FileNotFoundError:
                raise
            except OSError:  # another disk, or one without links
                shutil.copyfile(source, place)
        except (RequestError, FileNotFoundError) as error:
            raise RequestError(
                ErrorKind.CONFLICT, f"the film of job {job.job_id} is no longer kept"
            ) from error


def held_at(job_id: str) -> str:
    """Key of a film's second name."""
    return f"{HELD}/{job_id}.film"


class FilmWatch:
    """Sees which jobs have begun, and which were deleted; of all ways to do either."""

    def __init__(self, machine: LocalMachine, films: Films) -> None:
        self._machine, self._films = machine, films
        self._begun: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "FilmWatch":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join(timeout=5.0)

    def begin_new(self) -> None:
        """Let the films be analyzed whose conversion has begun."""
        for job in self._jobs(_WORKED_ON):
            if job.job_id not in self._begun:
                with suppress(RequestError):  # its film went meanwhile
                    self._films.begin(job)
                self._begun.add(job.job_id)

    def forget_deleted(self) -> None:
        """Remove what was found in films that are gone."""
        for job in self._jobs((JobStatus.DELETED,)):
            final = job.deleted_from is None
            if final and self._films.contents(job.job_id) is not None:
                self._films.forget(job.job_id)

    def _jobs(self, wanted: tuple[JobStatus, ...]) -> Iterator[Job]:
        cursor = None
        while True:
            page = self._machine.services.jobs.page(wanted, limit=100, cursor=cursor)
            yield from page.jobs
            cursor = page.cursor
            if cursor is None:
                return

    def _run(self) -> None:
        looks = 0
        while not self._over.wait(LOOK_S):
            looks += 1
            try:
                self.begin_new()
                if looks % FORGET_EVERY == 0:
                    self.forget_deleted()
            except Exception:
                log.exception("the films of the jobs could not be looked at")
