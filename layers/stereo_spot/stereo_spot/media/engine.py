"""The stereo engine as a program: one warm process, jobs in and progress out as JSON lines."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from stereo_spot.errors import ErrorKind, RequestError, StepError, error_of
from stereo_spot.model import Frozen, Recipe

log = logging.getLogger(__name__)
Progress = Callable[[int], None]
SILENCE_S = 1800.0
"""How long an engine may say nothing before it counts as frozen; loading weights takes minutes."""


class EngineJob(Frozen):
    """One segment for the engine; paths are local files."""

    src: str
    dst: str
    mezzanine: str | None
    skip_frames: int
    n_frames: int
    from_time: str
    first_frame: int = 0
    """Place in the film of the first frame read, pre-roll included; a model's noise goes by it."""
    recipe: Recipe

    def message(self) -> dict[str, Any]:
        """As the engine takes it: where depth comes from and goes to is no part of its recipe."""
        files = {"depth_from": self.recipe.depth_from, "export_depth": self.recipe.export_depth}
        told = self.model_dump(mode="json", exclude={"recipe": {*files, "depth_version"}})
        return {"id": self.dst, **files, **told}


class Engine:
    """Keeps `python -m stereo_engine --serve` running and gives it one job at a time."""

    def __init__(
        self,
        command: tuple[str, ...] | None = None,
        *,
        silence_s: float = SILENCE_S,
        depth_files: bool = False,
    ) -> None:
        """Make an engine; it starts with its first job.

        Args:
            command: the program.
            silence_s: how long it may say nothing.
            depth_files: whether a recipe may name files of this machine to read depth from and
                write it to; only where none can come from anywhere but its own command line.
        """
        self._command = command or (sys.executable, "-m", "stereo_engine", "--serve")
        self._silence_s, self._depth_files = silence_s, depth_files
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._stopped = False
        self._greeting: dict[str, Any] = {}

    def hello(self) -> dict[str, Any]:
        """What the engine says when it starts.

        Raises:
            StepError: `segment_failed` when it does not start.
        """
        try:
            self._warm()
        except (EOFError, ValueError) as error:
            self._end()
            raise StepError(ErrorKind.SEGMENT_FAILED, "the engine does not start") from error
        return self._greeting

    def render(self, job: EngineJob, progress: Progress) -> dict[str, Any] | None:
        """Render one segment; None when `stop` was called meanwhile.

        Raises:
            StereoSpotError: of the kind that the engine reports; `segment_failed` when it dies;
                `bad_request` for a recipe that names files, where none may.
        """
        if job.recipe.names_files and not self._depth_files:
            text = "this renderer reads and writes no depth files; `convert` on one machine does"
            raise RequestError(ErrorKind.BAD_REQUEST, text)
        self._stopped = False
        try:
            return self._converse(self._warm(), job, progress)
        except (BrokenPipeError, EOFError) as error:
            code = self._end()
            if self._stopped:
                return None
            raise StepError(ErrorKind.SEGMENT_FAILED, f"the engine died (exit {code})") from error
        except (KeyError, TypeError, ValueError) as error:
            self._end()  # or its next words would be taken for those of the next job
            text = f"the engine answers what is no answer ({error!r:.80})"
            raise StepError(ErrorKind.SEGMENT_FAILED, text) from error

    def stop(self) -> None:
        """Give up the running job; the next one starts a fresh process."""
        self._stopped = True
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """End the process."""
        self._end()

    def _warm(self) -> "subprocess.Popen[str]":
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(
                    self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
                self._greeting = self._answer(self._process)
            return self._process

    def _converse(
        self, process: "subprocess.Popen[str]", job: EngineJob, progress: Progress
    ) -> dict[str, Any]:
        assert process.stdin is not None
        process.stdin.write(json.dumps(job.message()) + "\n")
        process.stdin.flush()
        while True:
            answer = self._answer(process)
            match answer.get("event"):
                case "progress":
                    progress(int(answer["frames"]))
                case "done":
                    result: dict[str, Any] = answer["result"]
                    return result
                case "error":
                    raise error_of(answer["error_kind"], answer["message"])

    def _answer(self, process: "subprocess.Popen[str]") -> dict[str, Any]:
        assert process.stdout is not None
        frozen = threading.Timer(self._silence_s, process.kill)
        frozen.daemon = True
        frozen.start()
        try:
            line = process.stdout.readline()
        finally:
            frozen.cancel()
        if not line:
            process.wait()
            raise EOFError
        answer = json.loads(line)
        if not isinstance(answer, dict):
            raise ValueError(line)
        return answer

    def _end(self) -> int | None:
        """End the process; its exit code."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        return code


def run_engine_tool(name: str, *arguments: str) -> str:
    """Run one of the engine's small programs (`scene`, `still`, `models`) and return its output.

    Raises:
        StereoSpotError: of the kind that it tells, else `segment_failed`, when it fails.
    """
    told = subprocess.run(
        [sys.executable, "-m", f"stereo_engine.{name}", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode != 0:
        said = (told.stderr.strip().splitlines() or [f"exit {told.returncode}"])[-1]
        kind, _, message = said.partition(": ")
        if kind in tuple(ErrorKind):
            raise error_of(kind, message)
        raise StepError(ErrorKind.SEGMENT_FAILED, f"stereo_engine.{name}: {said}")
    return told.stdout
