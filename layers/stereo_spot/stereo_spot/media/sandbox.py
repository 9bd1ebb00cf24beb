"""Run one reading task over untrusted media in a process of its own, and serve it bytes.

The process gets no environment, no file and no socket: it may open nothing at all, asks for byte
ranges over one pipe and sends what it makes over another. It dies with its parent, at its memory
limit, or when its own time is spent; every one of these comes out as an error with a kind.
"""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from stereo_spot.errors import ErrorKind, MachineError, SourceError, StereoSpotError, error_of
from stereo_spot.media import wire
from stereo_spot.media.ahead import Ahead
from stereo_spot.media.guard import MediaLimits
from stereo_spot.ports import RangeReader

BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from stereo_spot.media.child.main import main; main()"
)
PIPE_BYTES = 1 << 20
CAN_SPLICE = hasattr(os, "splice")

Head = dict[str, Any]
Readers = Callable[[str], RangeReader]
FileOf = Callable[[Head, int], int | None]
"""Given the head and length of a write: the open file to put it in, or None."""
Hear = Callable[[Head, Any], Head | None]
"""Takes a head and its block, a bytearray; what it returns is sent as the answer."""


def run(
    task: str,
    arguments: Head,
    *,
    readers: Readers,
    limits: MediaLimits,
    block: bytes = b"",
    hear: Hear | None = None,
    file_of: FileOf | None = None,
) -> Head:
    """Have the guarded process do `task`; returns its result.

    `readers` finds the object that the process names; `hear` takes what it sends meanwhile.
    Writes to a file that `file_of` knows go there straight from the pipe, unseen by `hear`.
    """
    with _process(limits) as child, Ahead(readers) as ahead:
        child.send({"task": task, "limits": limits.model_dump(), **arguments}, block)
        while True:
            head, data = child.receive(file_of)
            match head.get("say"):
                case "write" if data is None:
                    pass
                case "read":
                    child.send({}, _read(ahead, head))
                    ahead.go_on()
                case "size":
                    child.send({"size": readers(str(head["of"])).size})
                case "done":
                    return dict(head["result"])
                case "fail":
                    raise error_of(str(head["kind"]), str(head["message"]))
                case _ if hear is not None:
                    child.answer(hear(head, data))
                case said:
                    raise _nonsense(said)


def one(source: RangeReader) -> Readers:
    """Readers for a task that reads `source` only."""
    return {"source": source}.__getitem__


def _read(ahead: Ahead, head: Head) -> bytes:
    at, length = int(head["at"]), int(head["length"])
    if at < 0 or not 0 <= length <= wire.MAX_BLOCK:
        raise _nonsense(head)
    return ahead.read(str(head["of"]), at, length)


def _nonsense(said: object) -> StereoSpotError:
    return SourceError(ErrorKind.SOURCE_CORRUPT, f"the reading process sent nonsense: {said!r:.80}")


@contextlib.contextmanager
def _process(limits: MediaLimits) -> Iterator["_Child"]:
    complaints, stderr = os.pipe()
    for end in (complaints, stderr):
        os.set_blocking(end, False)  # what libav says beyond a pipe's fill is dropped
    try:
        popen = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", BOOT, json.dumps(_import_path())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd="/",
            env=_bare_environment(),
            bufsize=0,
            start_new_session=True,
        )
    except BaseException:
        os.close(complaints)
        raise
    finally:
        os.close(stderr)
    child = _Child(popen, complaints, limits)
    try:
        yield child
    finally:
        child.end()


def _import_path() -> list[str]:
    return [str(Path(entry).resolve()) for entry in sys.path]


def _bare_environment() -> dict[str, str]:
    """Only what finding libpython and keeping one heap need; never a credential."""
    return {
        "LD_LIBRARY_PATH": str(sysconfig.get_config_var("LIBDIR") or ""),
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_MMAP_THRESHOLD_": str(64 << 20),  # large frames come from memory used before
        "MALLOC_TRIM_THRESHOLD_": str(128 << 20),
    }


class _Child:
    """The parent's end: never waits longer than the process's own time allows."""

    def __init__(
        self, popen: subprocess.Popen[bytes], complaints: int, limits: MediaLimits
    ) -> None:
        if popen.stdin is None or popen.stdout is None:
            raise RuntimeError("the reading process has no pipes")
        self._popen = popen
        self._complaints = complaints
        self._to, self._from = popen.stdin.fileno(), popen.stdout.fileno()
        self._left = self._allowed = limits.wall_s
        for pipe in (self._to, self._from):
            os.set_blocking(pipe, False)
            _widen(pipe)

    def send(self, head: Head, block: bytes = b"") -> None:
        self._write(wire.encode(head, len(block)))
        self._write(block)

    def answer(self, head: Head | None) -> None:
        """Send what was asked for, if anything was."""
        if head is not None:
            self.send(head)

    def receive(self, file_of: FileOf | None = None) -> tuple[Head, bytearray | None]:
        head_length, block_length = wire.LENGTHS.unpack(self._read(wire.LENGTHS.size))
        if head_length > wire.MAX_HEAD or block_length > wire.MAX_BLOCK:
            raise _nonsense((head_length, block_length))
        try:
            head = wire.decode(bytes(self._read(head_length)))
        except ValueError as error:
            raise _nonsense(error) from error
        if file_of is not None and head.get("say") == "write" and CAN_SPLICE:
            file = file_of(head, block_length)
            if file is not None:
                self._splice(file, int(head["at"]), block_length)
                return head, None
        return head, self._read(block_length)

    def end(self) -> None:
        """Kill the process and all it may have started, and let go of the pipes."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                pipe.close()
        os.close(self._complaints)
        self._popen.wait()

    def _read(self, length: int) -> bytearray:
        block = bytearray(length)
        view = memoryview(block)
        while view:
            try:
                got = os.readv(self._from, [view])
            except BlockingIOError:
                self._await(self._from, selectors.EVENT_READ)
                continue
            if not got:
                self._died()
            view = view[got:]
        return block

    def _splice(self, file: int, at: int, length: int) -> None:
        """Move bytes from the pipe into a file without looking at them."""
        while length:
            try:
                moved = os.splice(self._from, file, length, offset_dst=at)
            except BlockingIOError:
                self._await(self._from, selectors.EVENT_READ)
                continue
            if not moved:
                self._died()
            at, length = at + moved, length - moved

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._to, view) :]
            except BlockingIOError:
                self._await(self._to, selectors.EVENT_WRITE)
            except BrokenPipeError:
                self._died()

    def _await(self, pipe: int, event: int) -> None:
        started = time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, event)
            ready = selector.select(max(self._left, 0.0))
        self._left -= time.monotonic() - started
        if not ready:
            raise SourceError(
                ErrorKind.SOURCE_CORRUPT,
                f"reading the file took more than {self._allowed:g} s and was stopped",
            )

    def _died(self) -> NoReturn:
        code = self._popen.wait()
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
