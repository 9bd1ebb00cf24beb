"""What the steps need from the world; every port has at least two real adapters."""

from typing import Protocol


class RangeReader(Protocol):
    """A stored object, read by ranges and pinned to one version of its bytes."""

    @property
    def size(self) -> int:
        """Length in bytes."""
        ...

    def read_at(self, offset: int, length: int) -> bytes:
        """Bytes from `offset`; shorter only at the end.

        Raises:
            SourceError: `source_changed` when the object is no longer the version asked for.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class RangeWriter(Protocol):
    """A new object being written.

    Writes go forward without gaps, except that the first `head_bytes` may be written again at
    any time before the end.
    """

    head_bytes: int

    def write_at(self, offset: int, data: bytes) -> None:
        """Put `data` at `offset`."""
        ...
