"""The workers of one machine: child processes, started again when they die."""

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

_WATCH_S = 0.5
_STOP_S = 5.0


class WorkerPool:
    """Keeps a worker for each list of options alive for as long as the block lasts."""

    def __init__(
        self,
        data: Path,
        options: Sequence[Sequence[str]],
        *,
        job_id: str | None = None,
        log_level: str = "WARNING",
        program: str = "stereo_spot.runtime.worker",
    ) -> None:
        command = [sys.executable, "-m", program, "--data", str(data), "--log-level", log_level]
        if job_id is not None:
            command += ["--job", job_id]
        self._commands = [[*command, *own] for own in options]
        self._workers: list[subprocess.Popen[bytes]] = []
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> "WorkerPool":
        self._workers = [self._start(command) for command in self._commands]
        self._watch.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._watch.join()
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            try:
                worker.wait(timeout=_STOP_S)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
            if worker.stdin is not None:
                worker.stdin.close()

    def _start(self, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def _keep(self) -> None:
        while not self._over.wait(_WATCH_S):
            for place, worker in enumerate(self._workers):
                if worker.poll() is not None and not self._over.is_set():
                    if worker.stdin is not None:
                        worker.stdin.close()
                    self._workers[place] = self._start(self._commands[place])
