"""The few words of an H.264 or HEVC bitstream that are read here: units and one message."""

from collections.abc import Iterator

FRAME_PACKING = 45
ARRANGEMENTS = {3: "left_right", 4: "top_bottom"}
SEI_TYPES = {"h264": {6}, "hevc": {39}}
START_CODE = b"\x00\x00\x01"


def units(data: bytes, length_size: int) -> Iterator[bytes]:
    """The units of an access unit; `length_size` 0 means start codes."""
    if not length_size:
        for piece in data.split(START_CODE)[1:]:
            yield piece.rstrip(b"\x00")
        return
    at = 0
    while at + length_size < len(data):
        size = int.from_bytes(data[at : at + length_size], "big")
        at += length_size
        yield data[at : at + size]
        at += size


def length_size(codec: str, extradata: bytes | None) -> int:
    """Bytes of the length before each unit; 0 where units have start codes."""
    if not extradata or extradata[0] != 1:
        return 0
    place = {"h264": 4, "hevc": 21}[codec]
    return (extradata[place] & 3) + 1 if len(extradata) > place else 0


def unit_type(codec: str, unit: bytes) -> int:
    """The type of a unit."""
    return unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F


def frame_packing(codec: str, packet: bytes, extradata: bytes | None) -> str | None:
    """How the frame packing message of a packet says the eyes are arranged."""
    if codec not in SEI_TYPES:
        return None
    for unit in units(packet, length_size(codec, extradata)):
        if unit and unit_type(codec, unit) in SEI_TYPES[codec]:
            header = 1 if codec == "h264" else 2
            body = unit[header:].replace(b"\x00\x00\x03", b"\x00\x00")
            for kind, payload in _messages(body):
                if kind == FRAME_PACKING:
                    return _arrangement(payload)
    return None


def _messages(body: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 2 < len(body):
        kind, at = _sum_of_bytes(body, at)
        size, at = _sum_of_bytes(body, at)
        yield kind, body[at : at + size]
        at += size


def _sum_of_bytes(body: bytes, at: int) -> tuple[int, int]:
    total = 0
    while at < len(body) and body[at] == 255:
        total, at = total + 255, at + 1
    return (total + body[at] if at < len(body) else total), at + 1


def _arrangement(payload: bytes) -> str | None:
    """An id (Exp-Golomb), cancel flag, then seven bits of arrangement."""
    bits = "".join(f"{byte:08b}" for byte in payload[:8])
    zeros = len(bits) - len(bits.lstrip("0"))
    at = 2 * zeros + 1
    if at + 8 > len(bits) or bits[at] == "1":
        return None
    return ARRANGEMENTS.get(int(bits[at + 1 : at + 8], 2))
