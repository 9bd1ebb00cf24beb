"""The messages between a step and the guarded process: a JSON head and a small block of bytes.

Both sides use the same form: two 32-bit lengths, the head, the block. Media is not in them, but in
the memory that both share.
"""

import json
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
