"""Analyzes the films of this machine's jobs: a process that gives way to every other.

`python -m stereo_spot.runtime.film_worker --data DIR`. It leaves when its standard input ends, so
it never outlives whoever started it.
"""

import argparse
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from stereo_spot.analysis.ports import Claim, JobSource, Waiting
from stereo_spot.analysis.records import VideoStatus
from stereo_spot.runtime.analyzer import open_analyzer
from stereo_spot.runtime.analyzer_worker import serve
from stereo_spot.runtime.films import Films, film_settings
from stereo_spot.runtime.local import open_machine
from stereo_spot.runtime.logs import log_to, stderr_to_log

LOWEST = 19
GRACE_S = 2.0
_ENDED = (VideoStatus.READY, VideoStatus.FAILED)


class FilmJobs:
    """A queue that lets go of a film when its job has ended."""

    def __init__(self, source: JobSource, films: Films) -> None:
        self._source, self._films = source, films

    def claim(self) -> Claim | None:
        """The next job."""
        return self._source.claim()

    def extend(self, claim: Claim) -> bool:
        """Hold it longer."""
        return self._source.extend(claim)

    def complete(self, claim: Claim) -> bool:
        """It is done."""
        ours = self._source.complete(claim)
        self._films.release(claim.video_id)
        return ours

    def give_back(self, claim: Claim, *, error: str | None, retry_in_s: float | None) -> bool:
        """Not done; without another try it has ended, too."""
        ours = self._source.give_back(claim, error=error, retry_in_s=retry_in_s)
        if error is not None and retry_in_s is None:
            self._films.release(claim.video_id)
        return ours

    def peek(self, limit: int = 10) -> tuple[Mapping[str, int], Sequence[Waiting]]:
        """What waits."""
        return self._source.peek(limit)


def release_ended(films: Films) -> None:
    """Let go of what a killed worker still held."""
    for job_id in list(films.held()):
        known = films.contents(job_id)
        if known is None or known.video.status in _ENDED:
            films.release(job_id)


def main() -> None:
    """Analyze until SIGTERM or the end of standard input."""
    parser = argparse.ArgumentParser(prog="stereo-spot film worker")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--services", action="store_true")
    parser.add_argument("--log-level", default="WARNING")
    options = parser.parse_args()
    os.nice(LOWEST)
    log_to(options.data, options.log_level)
    stderr_to_log(options.data)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    machine = open_machine(options.data)
    with open_analyzer(film_settings(options.data, services=options.services)) as opened:
        films = Films(machine, opened)
        release_ended(films)
        serve(opened, FilmJobs(opened.parts.inbox(), films), grace_s=GRACE_S)


def _leave_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
