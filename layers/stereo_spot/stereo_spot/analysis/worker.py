"""Take jobs, analyze their films, and say how it went; until told to stop."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stereo_spot.analysis.errors import Interrupted
from stereo_spot.analysis.pipeline import analyze_video
from stereo_spot.analysis.ports import Claim, JobSource
from stereo_spot.analysis.records import Video, VideoStatus
from stereo_spot.analysis.stages import Analyzer
from stereo_spot.errors import ErrorKind, RequestError, SourceError, StepError, StereoSpotError
from stereo_spot.model import Frozen

log = logging.getLogger(__name__)
TELLING_TRIES = 5


class Pace(Frozen):
    """How often to look, and how long to wait after a failure."""

    poll_s: float = 1.5
    multiplier: float = 1.5
    longest_s: float = 12.0
    max_attempts: int = 3
    heartbeat_s: float = 20.0

    def after(self, times: int) -> float:
        """The wait after something happened this many times in a row, from 1."""
        return float(min(self.poll_s * self.multiplier ** min(times - 1, 64), self.longest_s))


@dataclass
class Stats:
    """What a worker has done since it started."""

    started_at: float = field(default_factory=time.time)
    processed: int = 0
    failed: int = 0
    retried: int = 0
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=1000))
    """How long the last jobs took."""

    def summary(self) -> dict[str, Any]:
        """Figures for `/stats`."""
        ended = self.processed + self.failed
        known = list(self.seconds)
        return {
            "jobs_processed": self.processed,
            "jobs_failed": self.failed,
            "jobs_retried": self.retried,
            "success_rate": self.processed / ended if ended else None,
            "processing_seconds_mean": sum(known) / len(known) if known else None,
            "processing_seconds_max": max(known, default=None),
            "uptime_seconds": time.time() - self.started_at,
        }


class Worker:
    """One job at a time."""

    def __init__(self, source: JobSource, analyzer: Analyzer, pace: Pace | None = None) -> None:
        self._source, self._analyzer, self._pace = source, analyzer, pace or Pace()
        self.stats = Stats()
        self.stopping = threading.Event()
        self._current: Claim | None = None

    def abandon(self) -> None:
        """Hand back the job in work from another thread, for a process that must end now."""
        if self._current is not None:
            self._hand_back(self._current)

    def run(self) -> None:
        """Work until `stopping` is set; a job begun then is given back at its next step."""
        quiet = 0
        while not self.stopping.is_set():
            try:
                found = self.step()
            except Exception:
                log.exception("the worker could not reach its jobs")
                found = False
            quiet = 0 if found else quiet + 1
            if quiet:
                self.stopping.wait(self._pace.after(quiet))

    def step(self) -> bool:
        """Take one job to its end; False when there was none."""
        claim = self._source.claim()
        if claim is None:
            return False
        log.info("job begins", extra=_named(claim))
        self._current, began = claim, time.monotonic()
        with _Held(self._source, claim, self._pace.heartbeat_s, self.stopping) as held:
            outcome = self._outcome(claim, held.wanted)
        if held.lost:
            log.warning("job was lost to another worker", extra=_named(claim))
            self._current = None
            return True
        self.stats.seconds.append(time.monotonic() - began)
        _until_told(outcome)
        self._current = None
        return True

    def _outcome(self, claim: Claim, wanted: Callable[[], bool]) -> Callable[[], object]:
        """Do the work; returns how to report its end."""
        try:
            self._introduce(claim)
            self._check_attempts(claim)
            analyze_video(self._analyzer, claim.video_id, wanted=wanted)
        except Interrupted:
            return lambda: self._hand_back(claim)
        except StereoSpotError as error:
            log.warning("job failed: %s", error.message, extra=_named(claim))
            return self._failure(claim, error)
        except Exception as error:
            log.exception("job failed", extra=_named(claim))
            return self._failure(claim, error)
        self.stats.processed += 1
        return lambda: self._source.complete(claim)

    def _failure(self, claim: Claim, error: Exception) -> Callable[[], object]:
        reason = f"{_kind(error)}: {error}"[:2000]
        if _hopeless(error) or claim.attempts >= self._pace.max_attempts:
            self.stats.failed += 1
            status, delay = VideoStatus.FAILED, None
        else:
            self.stats.retried += 1
            status, delay = VideoStatus.UPLOADED, self._pace.after(claim.attempts)

        def report() -> None:
            self._note(claim.video_id, status, reason)
            self._source.give_back(claim, error=reason, retry_in_s=delay)

        return report

    def _hand_back(self, claim: Claim) -> None:
        self._note(claim.video_id, VideoStatus.UPLOADED, None)
        self._source.give_back(claim, error=None, retry_in_s=None)

    def _check_attempts(self, claim: Claim) -> None:
        """A job whose worker died in the last attempt comes once more, only to be ended here.

        So job and film end together, whatever queue and whatever storage they are in.
        """
        most = self._pace.max_attempts
        if claim.attempts > most:
            raise StepError(ErrorKind.NO_PROGRESS, f"the worker died in attempt {most} of {most}")

    def _introduce(self, claim: Claim) -> None:
        """Make the row of a film that only the job knows."""
        if claim.path is not None and self._analyzer.rows.contents(claim.video_id) is None:
            name = claim.path.rpartition("/")[2]
            self._analyzer.rows.save_video(
                Video(id=claim.video_id, original_path=claim.path, original_name=name)
            )

    def _note(self, video_id: str, status: VideoStatus, reason: str | None) -> None:
        found = self._analyzer.rows.contents(video_id)
        if found is not None:
            changed = found.video.model_copy(update={"status": status, "error": reason})
            self._analyzer.rows.save_video(changed)


class _Held:
    """Keeps a job held from a thread of its own while the work goes on."""

    def __init__(
        self, source: JobSource, claim: Claim, every_s: float, stopping: threading.Event
    ) -> None:
        self._source, self._claim, self._every_s = source, claim, every_s
        self._stopping, self._over = stopping, threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self.lost = False

    def __enter__(self) -> "_Held":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def wanted(self) -> bool:
        """Whether the work should go on."""
        return not (self.lost or self._stopping.is_set())

    def _beat(self) -> None:
        while not self._over.wait(self._every_s):
            try:
                self.lost = not self._source.extend(self._claim)
            except Exception:
                log.exception("heartbeat failed", extra=_named(self._claim))
            if self.lost:
                return


def _until_told(report: Callable[[], object]) -> None:
    """Report an end; when it cannot be told the lease runs out, and the next run finds it done."""
    for turn in range(TELLING_TRIES):
        try:
            report()
        except Exception:
            log.exception("the end of a job could not be reported")
            time.sleep(0.1 * 2**turn)
        else:
            return


def _hopeless(error: Exception) -> bool:
    """Whether another try with the same film gives the same answer.

    Not where it may yet come, or was replaced while it was read, be it by another worker.
    """
    if isinstance(error, SourceError):
        return error.kind not in (ErrorKind.SOURCE_MISSING, ErrorKind.SOURCE_CHANGED)
    return isinstance(error, RequestError)


def _kind(error: Exception) -> str:
    kind = getattr(error, "kind", None)
    return str(kind) if kind is not None else type(error).__name__


def _named(claim: Claim) -> dict[str, object]:
    return {
        "job_id": claim.job_id,
        "video_id": claim.video_id,
        "attempt": claim.attempts,
    }
