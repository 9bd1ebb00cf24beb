"""A folder for one run of a step, gone however the run ends."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stereo_spot.conversion.services import Services
from stereo_spot.errors import ErrorKind, MachineError


@contextmanager
def scratch_folder(app: Services, *, needs_bytes: int = 0) -> Iterator[Path]:
    """A fresh folder for the files of one run.

    Raises:
        MachineError: `disk_full` when fewer than `needs_bytes` are free.
    """
    app.scratch.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(app.scratch).free
    if free < needs_bytes:
        raise MachineError(
            ErrorKind.DISK_FULL,
            f"{needs_bytes >> 20} MiB are needed in {app.scratch}, {free >> 20} MiB are free",
        )
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=app.scratch))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
