"""File objects over the channel: what libav reads from and writes to instead of files."""

import io

from stereo_spot.media.child.channel import Channel

SINK_BUFFER = 1 << 17
"""Small, so that what goes through it stays in the processor's cache."""
_ZEROS = bytes(1 << 20)


class RemoteFile:
    """A stored object as a seekable file.

    `hollow` ranges read as zeros and are never fetched: an index can be walked without its media.
    """

    def __init__(self, channel: Channel, name: str) -> None:
        self.name = name
        self.size = channel.size(name)
        self.hollow: tuple[tuple[int, int], ...] = ()
        self._channel = channel
        self._position = 0

    def read(self, length: int = -1) -> bytes:
        """At most `length` bytes from here; fewer only where a block ends or the file does."""
        left = self.size - self._position
        length = left if length < 0 else min(length, left)
        if length <= 0:
            return b""
        data = self._zeros(length) or self._stored(length)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to an offset; returns it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(base + offset, 0)
        return self._position

    def tell(self) -> int:
        """Where the next read begins."""
        return self._position

    def exactly(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`, fewer only at the end of the file."""
        self.seek(offset)
        parts: list[bytes] = []
        while length > 0 and (part := self.read(length)):
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def _zeros(self, length: int) -> bytes:
        for start, end in self.hollow:
            if start <= self._position < end:
                return _ZEROS[: min(length, end - self._position)]
        return b""

    def _stored(self, length: int) -> bytes:
        return bytes(self._channel.blocks.at(self.name, self._position, self.size)[:length])


class RemoteSink:
    """A file being made on the parent's side."""

    def __init__(self, channel: Channel, name: str) -> None:
        self.name = name
        self.size = 0
        self._channel = channel
        self._position = 0

    def write(self, data: bytes) -> int:
        """Put `data` here; what was skipped before is filled with zeros, so no gap is left."""
        while self.size < self._position:
            self._put(self.size, _ZEROS[: self._position - self.size])
        self._put(self._position, data)
        self._position += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to an offset; returns it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Where the next write goes."""
        return self._position

    def _put(self, at: int, data: bytes) -> None:
        self._channel.write(self.name, at, data)
        self.size = max(self.size, at + len(data))
