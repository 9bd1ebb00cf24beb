"""One warm process: jobs as JSON lines on stdin, progress and results as JSON lines on stdout."""

import json
import os
import queue
import sys
import threading
import time
import traceback
from typing import Any, TextIO

from stereo_engine import __version__
from stereo_engine.errors import EngineError, of_exception
from stereo_engine.job import Job
from stereo_engine.render import render

PROGRESS_EVERY_S = 0.25


def serve(lines: TextIO, answers: TextIO) -> None:
    """Answer every job of `lines`, in order; end the process when `lines` ends, at once."""
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines, jobs), daemon=True).start()
    _say(answers, {"event": "ready", "version": __version__})
    while True:
        line = jobs.get()
        if line.strip():
            _answer(line, answers)


def _listen(lines: TextIO, jobs: queue.SimpleQueue[str]) -> None:
    """Read ahead, so that a parent that died is noticed in the middle of a job."""
    for line in lines:
        jobs.put(line)
    os._exit(0)


def _answer(line: str, answers: TextIO) -> None:
    name: object = None
    try:
        values = _object(line)
        name = values.get("id")
        result = render(Job.of(values), Pulse(answers, name))
        _say(answers, {"id": name, "event": "done", "result": result})
    except Exception as error:  # noqa: BLE001 - one job must not end the others
        known = of_exception(error)
        if known.kind == "internal":
            traceback.print_exc(file=sys.stderr)
        refusal = {"event": "error", "error_kind": known.kind, "message": known.message}
        _say(answers, {"id": name, **refusal})


class Pulse:
    """Tells of progress, at most four times a second."""

    def __init__(self, answers: TextIO, name: object) -> None:
        self._answers, self._name = answers, name
        self._due = time.monotonic() + PROGRESS_EVERY_S

    def __call__(self, frames: int) -> None:
        """Note that `frames` are done."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + PROGRESS_EVERY_S
            _say(self._answers, {"id": self._name, "event": "progress", "frames": frames})


def _object(line: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except ValueError as error:
        raise EngineError("bad_request", f"not JSON: {error}") from None
    if not isinstance(values, dict):
        raise EngineError("bad_request", "a job is a JSON object")
    return values


def _say(answers: TextIO, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()
