"""The guarded process's way to its parent, who alone reads and writes anything stored."""

import os
from collections import deque
from typing import Any

from stereo_spot.media import shared, wire
from stereo_spot.media.child.blocks import Blocks
from stereo_spot.media.shared import Shared


class Answer:
    """What the parent will say to a question, sooner or later than to others."""

    def __init__(self, channel: "Channel") -> None:
        self._channel = channel
        self.head: dict[str, Any] | None = None

    def wait(self) -> dict[str, Any]:
        """The answer, as soon as it is there."""
        while self.head is None:
            self._channel.hear_answer()
        return self.head


class _Piece:
    """A stretch of a file being gathered in a slot."""

    def __init__(self, to: str, at: int, place: tuple[int, memoryview]) -> None:
        self.to = to
        self.at = self.end = at
        self.slot, self.room = place


class Channel:
    """The guarded process's end: it asks and tells, and waits only for what it needs."""

    def __init__(self, incoming: int, outgoing: int, memory: Shared) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._memory = memory
        self._asked: dict[int, Answer] = {}
        self._questions = 0
        self._writes: deque[Answer] = deque()
        self._next_slot = 0
        self._piece: _Piece | None = None
        self.blocks = Blocks(self)
        """What was read of stored objects."""
        self.kept: object = None
        """What a task leaves for one that goes on with the same objects."""

    def task(self) -> tuple[dict[str, Any], bytes]:
        """The next thing to do; EOFError when the parent is gone."""
        while self._asked:
            self.hear_answer()
        request, block = self._receive()
        if not request["goes_on"]:
            self.blocks.forget()
            self.kept = None
        return request, block

    def tell(self, head: dict[str, Any], block: bytes | memoryview = b"") -> None:
        """Send a message that wants no answer."""
        self._flush()
        self._send(wire.encode(head, len(block)))
        if len(block):
            self._send(block)

    def ask(self, head: dict[str, Any]) -> Answer:
        """Send a message and go on; the answer can be waited for later."""
        self._flush()
        self._questions += 1
        answer = self._asked[self._questions] = Answer(self)
        self.tell({**head, "question": self._questions})
        return answer

    def hear_answer(self) -> None:
        """Take the next answer, whichever question it is to."""
        head = self._receive()[0]
        self._asked.pop(head["question"]).head = head

    def size(self, of: str) -> int:
        """Length of a stored object."""
        return int(self.ask({"say": "size", "of": of}).wait()["size"])

    def fetch(self, of: str, at: int, length: int, slot: int) -> Answer:
        """Have bytes of a stored object put into a slot; the answer says how many came."""
        return self.ask({"say": "read", "of": of, "at": at, "length": length, "slot": slot})

    def fetched(self, slot: int, length: int) -> memoryview:
        """The first bytes of a slot."""
        return self._memory.part(slot * shared.READ_BYTES, length)

    def write(self, to: str, at: int, data: bytes | memoryview) -> None:
        """Put `data` at `at` of a file on the parent's side; what lies together goes together."""
        view = memoryview(data)
        while view:
            piece = self._piece
            if piece is None or piece.to != to or piece.end != at or not piece.room:
                self._flush()
                piece = self._piece = _Piece(to, at, self._free_slot())
            here = view[: len(piece.room)]
            piece.room[: len(here)] = here
            piece.room = piece.room[len(here) :]
            view, at = view[len(here) :], at + len(here)
            piece.end = at

    def pass_on(self, to: str, at: int, slot: int, parts: list[tuple[int, int]]) -> None:
        """Put parts of what was fetched, each a start and a length, one after the other at `at`.

        What is asked for later waits until this is done, so the slot may be used again at once.
        """
        self.tell({"say": "pass", "to": to, "at": at, "slot": slot, "parts": parts})

    def _flush(self) -> None:
        """Have the parent write what was gathered."""
        piece, self._piece = self._piece, None
        if piece is not None:
            length = piece.end - piece.at
            head = {"say": "write", "to": piece.to, "at": piece.at, "slot": piece.slot}
            self._writes.append(self.ask({**head, "length": length}))

    def _free_slot(self) -> tuple[int, memoryview]:
        """The next slot to write in, when the parent is done with what lay there."""
        if len(self._writes) == shared.WRITE_SLOTS:
            self._writes.popleft().wait()
        slot = self._next_slot
        self._next_slot = (slot + 1) % shared.WRITE_SLOTS
        at = shared.WRITE_AT + slot * shared.WRITE_BYTES
        return slot, self._memory.part(at, shared.WRITE_BYTES)

    def _receive(self) -> tuple[dict[str, Any], bytes]:
        head_length, block_length = wire.LENGTHS.unpack(self._exactly(wire.LENGTHS.size))
        head = wire.decode(self._exactly(head_length))
        return head, self._exactly(block_length)

    def _exactly(self, length: int) -> bytes:
        block = bytearray(length)
        view = memoryview(block)
        while view:
            got = os.readv(self._incoming, [view])
            if not got:
                raise EOFError
            view = view[got:]
        return bytes(block)

    def _send(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._outgoing, view) :]
