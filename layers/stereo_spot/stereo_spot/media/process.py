"""A process of its own that reads untrusted media: talked to, waited for, ended.

It dies with its parent, at its memory limit, or when its own time is spent; every one of these
comes out as an error with a kind.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from typing import Any, NoReturn

from stereo_spot.errors import ErrorKind, MachineError, SourceError
from stereo_spot.media import wire
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.shared import Shared
from stereo_spot.ports import RangeReader

PIPE_BYTES = 1 << 20
LOOK_EVERY_S = 0.5
EXIT_S = 10.0
"""How long a process may take to end once its pipe is closed."""

Head = dict[str, Any]


def nonsense(said: object) -> SourceError:
    """What to raise when the process does not keep to the form."""
    return SourceError(ErrorKind.SOURCE_CORRUPT, f"the reading process sent nonsense: {said!r:.80}")


class Process:
    """The parent's end: never waits longer than the process's own time allows."""

    def __init__(self, popen: subprocess.Popen[bytes], memory: Shared, complaints: int) -> None:
        if popen.stdin is None or popen.stdout is None:
            raise RuntimeError("the reading process has no pipes")
        self.memory = memory
        self._popen = popen
        self._complaints = complaints
        self._to, self._from = popen.stdin.fileno(), popen.stdout.fileno()
        self._left = self._allowed = 0.0
        self._sending = threading.Lock()
        self.source: RangeReader | None = None
        """What the last task was about."""
        self.questions = self.answers = 0
        """About stored objects; while one is open, the time is not the process's own."""
        for pipe in (self._to, self._from):
            os.set_blocking(pipe, False)
            _widen(pipe)

    @property
    def alive(self) -> bool:
        """Whether nothing has ended it."""
        return self._popen.poll() is None

    def begin(self, request: Head, block: bytes, limits: MediaLimits) -> None:
        """Give it a task, and the time for it."""
        self._left = self._allowed = limits.wall_s
        self.send({"limits": asdict(limits), **request}, block)

    def send(self, head: Head, block: bytes = b"") -> None:
        """Say something."""
        with self._sending:
            self._write(wire.encode(head, len(block)))
            self._write(block)

    def receive(self) -> tuple[Head, bytes]:
        """What the process says next."""
        head_length, block_length = wire.LENGTHS.unpack(self._read(wire.LENGTHS.size))
        if head_length > wire.MAX_HEAD or block_length > wire.MAX_BLOCK:
            raise nonsense((head_length, block_length))
        try:
            head = wire.decode(self._read(head_length))
        except ValueError as error:
            raise nonsense(error) from error
        return head, self._read(block_length)

    def kill(self) -> None:
        """Kill the process and all it may have started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)

    def end(self) -> None:
        """Kill the process, and let go of the pipes."""
        self.kill()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                pipe.close()
        os.close(self._complaints)
        self._popen.wait()

    def _read(self, length: int) -> bytes:
        block = bytearray(length)
        view = memoryview(block)
        while view:
            try:
                got = os.readv(self._from, [view])
            except BlockingIOError:
                self._await(self._from, select.POLLIN)
                continue
            if not got:
                self._died()
            view = view[got:]
        return bytes(block)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._to, view) :]
            except BlockingIOError:
                self._await(self._to, select.POLLOUT)
            except BrokenPipeError:
                self._died()

    def _await(self, pipe: int, event: int) -> None:
        waiting = select.poll()
        waiting.register(pipe, event)
        ready: list[tuple[int, int]] = []
        while not ready:
            started = time.monotonic()
            ready = waiting.poll(min(max(self._left, 0.0), LOOK_EVERY_S) * 1000)
            if self.questions == self.answers:
                self._left -= time.monotonic() - started
            if not ready and self._left <= 0:
                raise SourceError(
                    ErrorKind.SOURCE_CORRUPT,
                    f"reading the file took more than {self._allowed:g} s and was stopped",
                )

    def _died(self) -> NoReturn:
        try:
            code = self._popen.wait(EXIT_S)
        except subprocess.TimeoutExpired:
            raise nonsense("a pipe that it closed") from None
        if code == 1:
            said = _drain(self._complaints).strip()
            raise MachineError(ErrorKind.INTERNAL, f"the reading process failed: {said[-600:]}")
        if code == -signal.SIGKILL:
            raise MachineError(
                ErrorKind.OUT_OF_MEMORY, "the reading process was killed: out of memory"
            )
        raise SourceError(
            ErrorKind.SOURCE_CORRUPT, f"the file makes its reader crash (exit code {code})"
        )


def _drain(pipe: int) -> str:
    """What lies in a pipe."""
    with contextlib.suppress(BlockingIOError):
        return os.read(pipe, PIPE_BYTES).decode("utf-8", "replace")
    return ""


def _widen(pipe: int) -> None:
    """Let a pipe hold more at once, where the platform can."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
