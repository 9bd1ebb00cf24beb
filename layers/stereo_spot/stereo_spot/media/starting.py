"""Start the guarded process for untrusted media: bare, and where it is wanted ahead of time.

It gets no environment, no file and no socket, only two pipes and the memory it shares with its
parent. Loading libav takes it a tenth of a second.
"""

import contextlib
import json
import os
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from stereo_spot.media import shared
from stereo_spot.media.process import Process
from stereo_spot.media.shared import Shared

BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from stereo_spot.media.child.main import main; main()"
)


class _Here(threading.local):
    """Of each thread its own: a process dies with the thread that started it."""

    keeping = False
    ready: tuple[Process, ExitStack] | None = None


_here = _Here()


@contextlib.contextmanager
def started() -> Iterator[Process]:
    """A new process for one task, or for several over the same source; killed at the end."""
    process, its_end = _taken() or _new()
    try:
        yield process
    finally:
        its_end.close()
        _keep()


@contextlib.contextmanager
def one_ready() -> Iterator[None]:
    """Keep one process started for the task that this thread comes to next."""
    _here.keeping = True
    _keep()
    try:
        yield
    finally:
        _here.keeping = False
        if (ready := _taken()) is not None:
            ready[1].close()


def _keep() -> None:
    if _here.keeping and _here.ready is None:
        with contextlib.suppress(OSError):  # whoever needs one will try again, and say so
            _here.ready = _new()


def _taken() -> tuple[Process, ExitStack] | None:
    """The process that is ready, if there is one and nothing has killed it."""
    ready, _here.ready = _here.ready, None
    if ready is not None and not ready[0].alive:
        ready[1].close()
        return None
    return ready


def _new() -> tuple[Process, ExitStack]:
    with ExitStack() as stack:
        process = _start(stack.enter_context(shared.created()))
        stack.callback(process.end)
        return process, stack.pop_all()


def _start(memory: Shared) -> Process:
    complaints, stderr = os.pipe()
    for end in (complaints, stderr):
        os.set_blocking(end, False)  # what libav says beyond a pipe's fill is dropped
    try:
        popen = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", BOOT, json.dumps(_import_path()), str(memory.file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd="/",
            env=_bare_environment(),
            bufsize=0,
            pass_fds=[memory.file],
            start_new_session=True,
        )
    except BaseException:
        os.close(complaints)
        raise
    finally:
        os.close(stderr)
    return Process(popen, memory, complaints)


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
