"""Ranges of stored objects in the shared memory: those used last, and the ones to come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stereo_spot.errors import ErrorKind, SourceError
from stereo_spot.media.shared import READ_BYTES, READ_SLOTS

if TYPE_CHECKING:
    from stereo_spot.media.child.channel import Answer, Channel

FIRST_BYTES = 1 << 20
GROWTH = 4
AHEAD = 2
"""Blocks asked for beyond the one that is used, so that fetching never waits for a question."""
AHEAD_FROM = 4 << 20
"""Ranges from this length on come from reading straight ahead, so the next is as good as asked."""


@dataclass(eq=False)
class _Block:
    """A range in a slot; `coming` is there until its bytes are."""

    of: str
    start: int
    length: int
    slot: int
    coming: Answer | None

    @property
    def end(self) -> int:
        return self.start + self.length

    def holds(self, of: str, position: int) -> bool:
        return self.of == of and self.start <= position < self.end


class Blocks:
    """What is kept, the longest unused first; shared by all that this process reads."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._kept: list[_Block] = []
        self._free = list(range(READ_SLOTS))

    def at(self, of: str, position: int, size: int) -> memoryview:
        """Bytes of an object of `size` bytes from `position` on, as many as lie together."""
        slot, start, end = self.place(of, position, size)
        return self._channel.fetched(slot, end)[start:]

    def place(self, of: str, position: int, size: int) -> tuple[int, int, int]:
        """The slot they lie in, and where they start and end in it; good until the next call."""
        block = self._find(of, position) or self._follow(of, position, size)
        self._keep_longest(block)
        if block.coming is not None:
            block.length, block.coming = int(block.coming.wait()["length"]), None
            self._look_ahead(block, size)
            if not block.holds(of, position):
                raise _ended(block, size)
        return block.slot, position - block.start, block.length

    def copied(self, of: str, position: int, length: int) -> bytes:
        """Exactly so many bytes of what may still change; none of them are kept."""
        parts = []
        for at in range(position, position + length, READ_BYTES):
            block = self._ask(of, at, min(READ_BYTES, position + length - at))
            self._drop(block)
            got = int(block.coming.wait()["length"]) if block.coming else 0
            parts.append(bytes(self._channel.fetched(block.slot, got)))
        return b"".join(parts)

    def forget(self) -> None:
        """Keep nothing: names may mean other objects from now on."""
        while self._kept:
            self._drop(self._kept[0])

    def _find(self, of: str, position: int) -> _Block | None:
        return next((block for block in self._kept if block.holds(of, position)), None)

    def _follow(self, of: str, position: int, size: int) -> _Block:
        """Ask for what is missing: the more, the further reading went straight ahead."""
        before = next((b for b in self._kept if b.of == of and b.end == position), None)
        length = FIRST_BYTES if before is None else GROWTH * before.length
        return self._ask(of, position, min(length, READ_BYTES, size - position))

    def _look_ahead(self, block: _Block, size: int) -> None:
        end = block.end
        for _ in range(AHEAD if block.length >= AHEAD_FROM else 0):
            after = self._find(block.of, end)
            if after is None and (end >= size or self._crowded()):
                break
            end = (after or self._follow(block.of, end, size)).end
        self._keep_longest(block)

    def _crowded(self) -> bool:
        """Whether room could only be had from what was asked for ahead and is not read yet."""
        return not self._free and self._kept[0].coming is not None

    def _keep_longest(self, block: _Block) -> None:
        """Let a block and those ahead of it outlast the others: what was read goes first."""
        line = [block]
        for _ in range(AHEAD):
            after = self._find(block.of, line[-1].end)
            if after is None:
                break
            line.append(after)
        for one in reversed(line):
            self._kept.remove(one)
            self._kept.append(one)

    def _ask(self, of: str, start: int, length: int) -> _Block:
        if not self._free:
            self._drop(self._kept[0])
        slot = self._free.pop()
        block = _Block(of, start, length, slot, self._channel.fetch(of, start, length, slot))
        self._kept.append(block)
        return block

    def _drop(self, block: _Block) -> None:
        self._kept.remove(block)
        self._free.append(block.slot)


def _ended(block: _Block, size: int) -> SourceError:
    """What there is to say of an object that ends before the size it was opened with."""
    said = f"it ends after {block.end} of {size} bytes: it was changed while it was read"
    return SourceError(ErrorKind.SOURCE_CHANGED, said)
