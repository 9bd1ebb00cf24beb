"""File objects over the channel: what libav reads from and writes to instead of files."""

import io

from stereo_spot.media.child.channel import Channel

SINK_BUFFER = 1 << 17
"""Small, so that what goes through it stays in the processor's cache."""
_ZEROS = bytes(1 << 20)


class RemoteFile:
    """A stored object as a seekable file."""

    def __init__(self, channel: Channel, name: str) -> None:
        self.name = name
        self.size = channel.size(name)
        self._channel = channel
        self._position = 0

    def read(self, length: int = -1) -> bytes:
        """At most `length` bytes from here; fewer only where a block ends or the file does."""
        left = self.size - self._position
        length = left if length < 0 else min(length, left)
        if length <= 0:
            return b""
        data = bytes(self._channel.blocks.at(self.name, self._position, self.size)[:length])
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
        """`length` bytes from `offset`, fewer only at the end; the next read begins as before."""
        here, parts = self.seek(0, io.SEEK_CUR), list[bytes]()
        self.seek(offset)
        while length > 0 and (part := self.read(length)):
            parts.append(part)
            length -= len(part)
        self.seek(here)
        return b"".join(parts)


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
