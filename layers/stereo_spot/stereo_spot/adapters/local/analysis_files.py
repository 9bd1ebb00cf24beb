"""The analyzer's films and files in a folder."""

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Iterable
from pathlib import Path

from stereo_spot.adapters.local.folder import FileVersion, fingerprint
from stereo_spot.errors import ErrorKind, RequestError, SourceError
from stereo_spot.ports import RangeReader

_DRAFT_S = 3600.0
"""How long a draft may be in the making."""


def film_at(place: Path) -> tuple[RangeReader, str]:
    """A film of this machine to read, and the version of its bytes.

    Raises:
        SourceError: `source_missing` or `source_unreadable`.
    """
    if not place.is_file():
        raise SourceError(ErrorKind.SOURCE_MISSING, f"there is no film at {str(place)!r:.300}")
    try:
        status = place.stat()
        reader = FileVersion(place, (status.st_size, status.st_mtime_ns), place.name)
        return reader, fingerprint(place)
    except OSError as error:
        raise SourceError(
            ErrorKind.SOURCE_UNREADABLE, f"{str(place)!r:.300} cannot be read: {error.strerror}"
        ) from error


class FolderResultFiles:
    """Keys are paths below `folder`, and films may only lie there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._folder.mkdir(parents=True, exist_ok=True)

    def source(self, path: str) -> tuple[RangeReader, str]:
        """A film to read; links that lead out of the folder are refused like any other way out."""
        try:
            place = (self._folder / path).resolve()
        except (OSError, ValueError) as error:
            raise _outside(path) from error
        if not place.is_relative_to(self._folder):
            raise _outside(path)
        return film_at(place)

    def put(self, key: str, content: bytes | Path) -> None:
        """Store or replace a file; it appears whole or not at all."""
        place = self._place(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{uuid.uuid4().hex}.part")
        try:
            if isinstance(content, Path):
                shutil.copyfile(content, part)
            else:
                part.write_bytes(content)
            part.replace(place)
        finally:
            part.unlink(missing_ok=True)

    def open(self, key: str) -> RangeReader | None:
        """A stored file; None when it is not there."""
        place = self._place(key)
        return FileVersion(place, None, key) if place.is_file() else None

    def keep_only(self, prefix: str, keys: Iterable[str]) -> None:
        """Remove what lies under `prefix` and is not one of `keys`.

        A draft that somebody may still be writing stays until it is old.
        """
        folder = self._place(prefix.rstrip("/"))
        kept = {self._place(key) for key in keys}
        for place in folder.iterdir() if folder.is_dir() else ():
            if place.is_file() and place not in kept and not _in_work(place):
                place.unlink(missing_ok=True)

    def path(self, key: str) -> Path:
        """Where a stored file lies."""
        return self._place(key)

    def _place(self, key: str) -> Path:
        place = Path(os.path.normpath(self._folder / key))
        if not place.is_relative_to(self._folder):
            raise _outside(key)
        return place


def _in_work(place: Path) -> bool:
    """Whether the file is another worker's draft, made lately."""
    if place.suffix != ".part" or not place.name.startswith("."):
        return False
    with contextlib.suppress(FileNotFoundError):
        return time.time() - place.stat().st_mtime < _DRAFT_S
    return True


def _outside(path: str) -> RequestError:
    return RequestError(
        ErrorKind.BAD_REQUEST, f"the path {path!r:.200} leads out of the folder that holds films"
    )
