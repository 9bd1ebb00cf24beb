"""A folder for one run of a step, gone however the run ends."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stereo_spot.conversion.services import Services
from stereo_spot.errors import ErrorKind, MachineError

HELD = ".held"
"""A file in each folder that its run keeps locked; the lock goes when the process does."""


@contextmanager
def scratch_folder(app: Services, *, needs_bytes: int = 0) -> Iterator[Path]:
    """A fresh folder for the files of one run; what killed runs left is removed first.

    Raises:
        MachineError: `disk_full` when fewer than `needs_bytes` are free.
    """
    app.scratch.mkdir(parents=True, exist_ok=True)
    _drop_left(app.scratch)
    check_free(app.scratch, needs_bytes)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=app.scratch))
    try:
        with (folder / HELD).open("wb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_free(folder: Path, needs_bytes: int) -> None:
    """Refuse to begin what the disk cannot hold now.

    Raises:
        MachineError: `disk_full`.
    """
    free = shutil.disk_usage(folder).free
    if free < needs_bytes:
        raise MachineError(
            ErrorKind.DISK_FULL,
            f"{needs_bytes >> 20} MiB are needed in {folder}, {free >> 20} MiB are free",
        )


def _drop_left(scratch: Path) -> None:
    for held in scratch.glob(f"run-*/{HELD}"):
        try:
            file = os.open(held, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(held.parent, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(file)
