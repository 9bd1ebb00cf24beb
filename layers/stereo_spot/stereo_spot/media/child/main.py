"""The guarded process: fence itself in, do what it is asked, answer, until its parent ends it."""

import contextlib
import ctypes
import importlib
import os
import pkgutil
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import av.error

from stereo_spot.errors import ErrorKind, StereoSpotError
from stereo_spot.media import shared
from stereo_spot.media.child import (
    cutting,
    inspecting,
    joining,
    normalizing,
    pictures,
    planning,
)
from stereo_spot.media.child.channel import Channel
from stereo_spot.media.guard import MediaLimits

PR_SET_PDEATHSIG = 1

Task = Callable[[dict[str, Any], bytes, Channel, MediaLimits], dict[str, Any]]
TASKS: dict[str, Task] = {
    "probe": planning.probe,
    "plan": planning.plan,
    "cut": cutting.cut,
    "inspect": inspecting.inspect,
    "join": joining.join,
    "normalize": normalizing.normalize,
    "pick": pictures.pick,
    "watch": pictures.watch,
}
DECODING = ("normalize", "pick", "watch")


def main() -> None:
    """Serve tasks over stdin, stdout and the memory that the second argument names."""
    die_with_parent()
    load_all_of_av()
    channel = Channel(0, 1, shared.attached(int(sys.argv[2])))
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            request, block = channel.task()
            limits = MediaLimits(**request["limits"])
            fence(limits, decoding=_decodes(request))
            channel.tell(_answer(TASKS[request["task"]], request, block, channel, limits))
    os._exit(0)


def _answer(
    task: Task, request: dict[str, Any], block: bytes, channel: Channel, limits: MediaLimits
) -> dict[str, Any]:
    try:
        return {"say": "done", "result": task(request, block, channel, limits)}
    except StereoSpotError as error:
        return _fail(error.kind, error.message)
    except MemoryError:
        return _fail(ErrorKind.OUT_OF_MEMORY, "reading the file needs more memory than allowed")
    except av.error.FFmpegError as error:
        return _fail(ErrorKind.SOURCE_CORRUPT, f"the file cannot be read: {error.strerror}")
    except (EOFError, BrokenPipeError):
        raise
    except Exception:  # noqa: BLE001 - the process's only loop end: all must reach the parent
        return _fail(ErrorKind.INTERNAL, traceback.format_exc(limit=-4))


def _decodes(request: dict[str, Any]) -> bool:
    """Whether the task looks at pictures, which takes more memory."""
    return request["task"] in DECODING or bool(request.get("scene_cuts"))


def _fail(kind: str, message: str) -> dict[str, Any]:
    return {"say": "fail", "kind": str(kind), "message": message}


def load_all_of_av() -> None:
    """Import what PyAV would import when it is first needed, which the fence forbids."""
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if module.name not in ("av.__main__", "av.datasets"):
            importlib.import_module(module.name)


def die_with_parent() -> None:
    """Ask to be killed when the parent ends; elsewhere than Linux the closed pipe does it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def fence(limits: MediaLimits, *, decoding: bool) -> None:
    """Give up every right that reading does not need.

    No descriptor beyond the two pipes and stderr can be had after this, so no file and no socket
    can be opened, whatever the media says. A later task may take away more, never give back.
    """
    allowed = limits.decode_memory_bytes if decoding else limits.memory_bytes
    wanted = [
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, int(limits.wall_s) + 10),
        (resource.RLIMIT_AS, _used_address_space() + allowed),
    ]
    for which, value in wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(which, (value, value))


def _used_address_space() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 1 << 30
    return pages * resource.getpagesize()
