"""Files that the guarded process writes through its parent; it can open none itself."""

import contextlib
import errno
import os
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from stereo_spot.errors import ErrorKind, MachineError, SourceError
from stereo_spot.media.guard import MediaLimits
from stereo_spot.ports import RangeReader

AT_ONCE = 1000
"""Pieces for one call; every system takes so many."""
_KINDS = MappingProxyType({"segment": ".mp4", "spool": ".spool"})


def write_pieces(descriptor: int, pieces: Sequence[memoryview], at: int) -> None:
    """Write pieces one after the other from `at` on, whole."""
    waiting = deque(piece for piece in pieces if piece)
    while waiting:
        done = os.pwritev(descriptor, list(islice(waiting, AT_ONCE)), at)
        at += done
        while waiting and done >= len(waiting[0]):
            done -= len(waiting.popleft())
        if done:
            waiting[0] = waiting[0][done:]


class Scratch:
    """A folder of named files, and the source beside them."""

    def __init__(self, folder: Path, source: RangeReader, limits: MediaLimits) -> None:
        self._folder = folder
        self.source = source
        self._max_bytes = 2 * limits.max_bytes
        self._open: dict[str, int] = {}
        self._ends: dict[str, int] = {}
        self._spare: list[Path] = []

    def __enter__(self) -> "Scratch":
        return self

    def __exit__(self, *_: object) -> None:
        for name in tuple(self._open):
            self.close(name)

    def reader(self, name: str) -> RangeReader:
        """The source or a file written before."""
        return self.source if name == "source" else _Written(self._descriptor(name))

    def has(self, name: str) -> bool:
        """Whether a file is being written."""
        return name in self._open

    def write(self, name: str, at: int, pieces: Sequence[memoryview]) -> None:
        """Put `pieces` at `at` of a file, which is made if it is new.

        Raises:
            MachineError: `disk_full`.
        """
        end = at + sum(map(len, pieces))
        if at < 0 or end > self._max_bytes:
            raise SourceError(ErrorKind.SOURCE_CORRUPT, f"{name} would grow past every limit")
        with self._watching_space():
            descriptor = self._descriptor(name)
            self._ends[name] = max(self._ends.get(name, 0), end)
            write_pieces(descriptor, pieces, at)

    @contextlib.contextmanager
    def _watching_space(self) -> Iterator[None]:
        """Turn a full disk into the error that says so."""
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise MachineError(
                    ErrorKind.DISK_FULL, f"no space left for segments in {self._folder.parent}"
                ) from error
            raise

    def close(self, name: str) -> Path:
        """Finish a file; returns where it is."""
        descriptor = self._open.pop(name, None)
        if descriptor is not None:
            os.ftruncate(descriptor, self._ends.pop(name, 0))
            os.close(descriptor)
        return self._path(name)

    def drop(self, name: str) -> None:
        """Give a file up; the next one is written over it, which is quicker than a new one."""
        path = self.close(name)
        if path.exists():
            self._spare.append(path.rename(path.with_suffix(".spare")))

    def _descriptor(self, name: str) -> int:
        if name not in self._open:
            path = self._path(name)
            if self._spare:
                self._spare.pop().rename(path)
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
            self._open[name] = os.open(path, flags, 0o600)
        return self._open[name]

    def _path(self, name: str) -> Path:
        kind, _, number = name.partition(":")
        return self._folder / f"{kind}-{int(number):05d}{_KINDS[kind]}"


class _Written:
    """A file of the scratch folder, read by ranges."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @property
    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def read_at(self, offset: int, length: int) -> bytes:
        return os.pread(self._descriptor, length, offset)

    def close(self) -> None:
        """The folder closes it."""
