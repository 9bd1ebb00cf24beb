"""The analyzer as a process: `python -m stereo_spot.runtime.analyzer_worker`.

SIGTERM or SIGINT: the job in work is handed back at its next step, at the latest after some
seconds, and the process ends with 0.
"""

import argparse
import logging
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

from stereo_spot.analysis.ports import JobSource
from stereo_spot.analysis.serving import Answer, Asked, JsonServer
from stereo_spot.analysis.worker import Pace, Worker
from stereo_spot.errors import ErrorKind, MachineError, StereoSpotError
from stereo_spot.runtime.analyzer import Opened, open_analyzer, read_settings
from stereo_spot.runtime.logs import log_to_stderr
from stereo_spot.settings.analyzer import AnalyzerSettings

log = logging.getLogger(__name__)
GRACE_S = 20.0


def main(arguments: list[str] | None = None) -> int:
    """Work until told to stop; `--check` only says whether the settings hold."""
    parser = argparse.ArgumentParser(prog="stereo-spot analyzer")
    parser.add_argument("--check", action="store_true", help="open everything once, and leave")
    options = parser.parse_args(arguments)
    try:
        settings = read_settings()
        log_to_stderr(settings.log_level)
        for loud in ("httpx", "httpx2", "openai"):
            logging.getLogger(loud).setLevel(logging.WARNING)
        with open_analyzer(settings) as opened:
            source = opened.parts.source()
            if options.check:
                _ask_once(opened, source)
            else:
                serve(opened, source)
    except StereoSpotError as error:
        sys.stderr.write(f"{error.kind}: {' '.join(error.message.split())}\n")
        return error.exit_code
    return 0


def _ask_once(opened: Opened, source: JobSource) -> None:
    """Ask the queue and the stores for something, so that what is wrong shows now.

    Raises:
        MachineError: `store_unreachable`, with what the driver of the store says.
    """
    try:
        source.peek(1)
        opened.analyzer.rows.contents("none")
        opened.analyzer.files.open("none")
    except Exception as error:
        raise MachineError(ErrorKind.STORE_UNREACHABLE, f"{error}") from error


def serve(opened: Opened, source: JobSource, *, grace_s: float | None = None) -> None:
    """Take jobs until a signal comes; the job in work is handed back within `grace_s`."""
    worker = Worker(source, opened.analyzer, pace_of(opened.settings))

    def stop(_signal: int, _frame: FrameType | None) -> None:
        worker.stopping.set()
        threading.Thread(target=_leave, args=(worker, grace_s or GRACE_S), daemon=True).start()

    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, stop)
    server = health_server(opened, source, worker) if opened.settings.worker_dev_http else None
    log.info("worker is ready")
    try:
        worker.run()
    finally:
        if server is not None:
            server.close()


def _leave(worker: Worker, grace_s: float) -> None:
    """End the process when a service keeps the worker waiting; its job is handed back first."""
    time.sleep(grace_s)
    worker.abandon()
    os._exit(0)


def health_server(opened: Opened, source: JobSource, worker: Worker) -> JsonServer:
    """`/healthz`, `/jobs/peek` and `/stats`."""
    settings = opened.settings

    def healthz(_: Asked) -> Answer:
        source.peek(1)
        opened.analyzer.rows.counts()
        stopping = worker.stopping.is_set()
        return Answer(503 if stopping else 200, {"ok": not stopping, "status": _state(worker)})

    def peek(_: Asked) -> Answer:
        counts, waiting = source.peek(10)
        jobs = [job.model_dump(mode="json") for job in waiting]
        return Answer(200, {"pending_jobs": counts.get("pending", 0), "jobs": jobs})

    def stats(_: Asked) -> Answer:
        counts, _waiting = source.peek(1)
        body: dict[str, Any] = {
            "worker": {"status": _state(worker), **worker.stats.summary()},
            "config": {"jobs_from": settings.jobs_from, "results_in": settings.results_in},
            "jobs": dict(counts),
            "storage": opened.analyzer.rows.counts(),
        }
        return Answer(200, body)

    return JsonServer(
        settings.worker_http_host,
        settings.worker_http_port,
        {("GET", "/healthz"): healthz, ("GET", "/jobs/peek"): peek, ("GET", "/stats"): stats},
    )


def pace_of(settings: AnalyzerSettings) -> Pace:
    """How the settings want the worker to wait."""
    return Pace(
        poll_s=settings.worker_poll_ms / 1000,
        multiplier=settings.worker_backoff_multiplier,
        longest_s=settings.worker_max_backoff_ms / 1000,
        max_attempts=settings.worker_max_attempts,
        heartbeat_s=settings.worker_lease_s / 3,
    )


def _state(worker: Worker) -> str:
    return "stopping" if worker.stopping.is_set() else "running"


if __name__ == "__main__":
    sys.exit(main())
