"""The memory that a step and its guarded process share: media goes through it, not through pipes.

The first part takes ranges of stored objects, the second what the process writes. Only media lies
here; what is said about it goes through the pipes, so nothing changes while it is judged.
"""

import contextlib
import mmap
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

READ_SLOTS, READ_BYTES = 6, 8 << 20
WRITE_SLOTS, WRITE_BYTES = 8, 1 << 20
WRITE_AT = READ_SLOTS * READ_BYTES
SIZE = WRITE_AT + WRITE_SLOTS * WRITE_BYTES


class Shared(NamedTuple):
    """The memory, and the open file that another process finds it by."""

    view: memoryview
    file: int

    def part(self, at: int, length: int) -> memoryview:
        """Some of the memory.

        Raises:
            ValueError: it does not lie inside.
        """
        if at < 0 or length < 0 or at + length > SIZE:
            raise ValueError(f"{length} bytes at {at} are not in {SIZE} shared bytes")
        return self.view[at : at + length]


@contextlib.contextmanager
def created() -> Iterator[Shared]:
    """New memory that keeps its size whatever the other process does; gone with its last view."""
    file = _nameless_file()
    try:
        yield Shared(memoryview(mmap.mmap(file, SIZE)), file)
    finally:
        os.close(file)


def attached(file: int) -> Shared:
    """The memory of the parent, for as long as this process lives; the file is closed."""
    memory = mmap.mmap(file, SIZE)
    os.close(file)
    return Shared(memoryview(memory), -1)


def _nameless_file() -> int:
    if sys.platform == "linux":
        import fcntl

        file = os.memfd_create("media", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(file, SIZE)
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
        return file
    with tempfile.TemporaryFile() as temporary:
        file = os.dup(temporary.fileno())
    os.ftruncate(file, SIZE)
    return file
