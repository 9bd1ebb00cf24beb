"""Writing files so that they are whole or not there, also when the power fails."""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from stereo_spot.adapters.local.owner import new_owner, owner_is_dead
from stereo_spot.errors import ErrorKind, MachineError

_DRAFT = ".stereo-spot"


def disk_error(error: OSError, folder: Path) -> MachineError:
    """The error of ours for one of the system's while writing."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    kind = ErrorKind.DISK_FULL if full else ErrorKind.OUTPUT_UNWRITABLE
    return MachineError(kind, f"cannot write in {folder}: {error.strerror}")


def written(path: Path, text: str) -> Path:
    """Write a small file and wait until the disk has it.

    Raises:
        MachineError: `disk_full` or `output_unwritable`; nothing is left behind.
    """
    try:
        with path.open("x") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise disk_error(error, path.parent) from error
    return path


def place(source: Path, path: Path) -> None:
    """Let the bytes of `source` stand at `path`, in place of what is there, all at once.

    Raises:
        FileNotFoundError: when the source or the folder is gone.
        MachineError: `disk_full` or `output_unwritable`.
    """
    _drop_drafts(path.parent)
    draft = path.with_name(f".{new_owner()}{_DRAFT}")
    try:
        _link_or_copy(source, draft)
        draft.replace(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise disk_error(error, path.parent) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _drop_drafts(folder: Path) -> None:
    """Remove what killed processes left half copied here."""
    with suppress(OSError):
        for path in folder.glob(f".*{_DRAFT}"):
            if owner_is_dead(path.name[1:].removesuffix(_DRAFT)):
                path.unlink(missing_ok=True)


def _link_or_copy(source: Path, target: Path) -> None:
    """A second name for the same bytes where the file system can, else a copy."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)
        with target.open("rb+") as file:
            os.fsync(file.fileno())
