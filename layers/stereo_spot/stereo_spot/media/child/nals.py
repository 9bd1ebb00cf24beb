"""The few words of an H.264 or HEVC bitstream that are read here: units and two messages."""

from collections.abc import Iterator

FRAME_PACKING = 45
RECOVERY_POINT = 6
ARRANGEMENTS = {3: "left_right", 4: "top_bottom"}
SEI_TYPES = {"h264": 6, "hevc": 39}
H264_IDR = 5
START_CODE = b"\x00\x00\x01"


class Bits:
    """A bit string, read from its beginning."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """The next `count` bits as a number; zeros after the end."""
        self._left -= count
        value = self._value >> self._left if self._left >= 0 else 0
        return value & ((1 << count) - 1)

    def golomb(self) -> int:
        """The next Exp-Golomb number."""
        zeros = 0
        while self._left > 0 and not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)


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


def plain(unit: bytes) -> bytes:
    """A unit without its emulation prevention."""
    return unit.replace(b"\x00\x00\x03", b"\x00\x00")


def frame_packing(codec: str, packet: bytes, extradata: bytes | None) -> str | None:
    """How the frame packing message of a packet says the eyes are arranged."""
    payload = _message(FRAME_PACKING, codec, packet, extradata)
    if payload is None:
        return None
    bits = Bits(payload)
    bits.golomb()
    cancelled = bits.take(1)
    return None if cancelled else ARRANGEMENTS.get(bits.take(7))


def refreshes_slowly(codec: str, packet: bytes, extradata: bytes | None) -> bool:
    """Whether decoding that begins with this H.264 key packet is whole only frames later."""
    if codec != "h264":
        return False
    size = length_size(codec, extradata)
    if any(unit and unit_type(codec, unit) == H264_IDR for unit in units(packet, size)):
        return False
    payload = _message(RECOVERY_POINT, codec, packet, extradata)
    return payload is not None and Bits(payload).golomb() > 0


def _message(kind: int, codec: str, packet: bytes, extradata: bytes | None) -> bytes | None:
    """The payload of the first message of a kind."""
    if codec not in SEI_TYPES:
        return None
    for unit in units(packet, length_size(codec, extradata)):
        if unit and unit_type(codec, unit) == SEI_TYPES[codec]:
            header = 1 if codec == "h264" else 2
            for found, payload in _messages(plain(unit[header:])):
                if found == kind:
                    return payload
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
