"""The messages between a step and the guarded process: a JSON head and a block of bytes.

Both sides use the same form: two 32-bit lengths, the head, the block.
"""

import json
import os
import struct
from typing import Any

LENGTHS = struct.Struct(">II")
MAX_HEAD = 64 << 20
MAX_BLOCK = 64 << 20


def encode(head: dict[str, Any], block_length: int) -> bytes:
    """Everything of a message but its block."""
    body = json.dumps(head, separators=(",", ":")).encode()
    return LENGTHS.pack(len(body), block_length) + body


def decode(body: bytes) -> dict[str, Any]:
    """The head of a message."""
    head = json.loads(body)
    if not isinstance(head, dict):
        raise ValueError(f"a message head is no object: {head!r}")
    return head


class Channel:
    """The guarded process's end: it asks, tells, and waits for as long as it takes."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    def receive(self, spare: bytearray | None = None) -> tuple[dict[str, Any], bytearray]:
        """The next message; EOFError when the parent is gone."""
        head_length, block_length = LENGTHS.unpack(self._exactly(LENGTHS.size))
        head = decode(bytes(self._exactly(head_length)))
        return head, self._exactly(block_length, spare)

    def tell(self, head: dict[str, Any], block: bytes | memoryview = b"") -> None:
        """Send a message that wants no answer."""
        self._send(encode(head, len(block)))
        if len(block):
            self._send(block)

    def ask(self, head: dict[str, Any]) -> dict[str, Any]:
        """The answer to a message."""
        self.tell(head)
        return self.receive()[0]

    def read(self, of: str, at: int, length: int, spare: bytearray | None = None) -> bytearray:
        """Bytes of a stored object; in `spare` where that has the right length."""
        self.tell({"say": "read", "of": of, "at": at, "length": length})
        return self.receive(spare)[1]

    def size(self, of: str) -> int:
        """Length of a stored object."""
        return int(self.ask({"say": "size", "of": of})["size"])

    def _exactly(self, length: int, spare: bytearray | None = None) -> bytearray:
        block = spare if spare is not None and len(spare) == length else bytearray(length)
        view = memoryview(block)
        while view:
            got = os.readv(self._incoming, [view])
            if not got:
                raise EOFError
            view = view[got:]
        return block

    def _send(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._outgoing, view) :]
