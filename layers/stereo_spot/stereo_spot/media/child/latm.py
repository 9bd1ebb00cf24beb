"""AAC as transport streams may wrap it (LATM), wrapped as ADTS instead: the sound is untouched.

ISO/IEC 14496-3, 1.7.3: a frame says how the sound is coded, or that it is as before. Neither
container of a finished film holds LATM; both take the sound out of ADTS by themselves.
"""

SYNC, SYNC_BITS, LENGTH_BITS = 0x2B7, 11, 13
EXTENDED = (5, 29)
"""Object types that name the plain one after themselves: spectral band replication, stereo."""
GENERAL = (1, 2, 3, 4)
HEAD_BYTES = 7
LONGEST = (1 << 13) - 1 - HEAD_BYTES


class _StrangeFrame(ValueError):
    """A frame that cannot be understood."""


class Unwrapper:
    """Turns the frames of one sound track into ADTS frames."""

    def __init__(self) -> None:
        self._coded: tuple[int, int, int] | None = None
        """Object type, index of the sample rate, channels."""

    def __call__(self, frame: bytes) -> bytes:
        """One LATM frame as an ADTS frame; nothing for one that is damaged or not of films."""
        try:
            return self._unwrapped(_Bits(frame))
        except _StrangeFrame:
            return b""

    def _unwrapped(self, bits: "_Bits") -> bytes:
        if bits.take(SYNC_BITS) != SYNC:
            raise _StrangeFrame
        bits.take(LENGTH_BITS)
        if not bits.take(1):
            self._coded = _configuration(bits)
        if self._coded is None:
            raise _StrangeFrame
        length = 0
        while (more := bits.take(8)) == 255:
            length += 255
        if length + more > LONGEST:
            raise _StrangeFrame
        return _adts(bits.bytes(length + more), *self._coded)


class _Bits:
    """Reads bits from the front."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise _StrangeFrame
        return self._value >> self._left & ((1 << count) - 1)

    def bytes(self, count: int) -> bytes:
        return self.take(8 * count).to_bytes(count, "big")


def _configuration(bits: _Bits) -> tuple[int, int, int]:
    version = bits.take(1)
    if version and bits.take(1):
        raise _StrangeFrame  # a version nobody knows
    if version:
        _number(bits)
    same_framing, more = bits.take(1), bits.take(6) or bits.take(4) or bits.take(3)
    if more or not same_framing:
        raise _StrangeFrame  # several programs, layers or frames in one
    if version:
        _number(bits)
    coded = _audio(bits)
    if bits.take(3):
        raise _StrangeFrame  # no length given
    bits.take(8)
    if bits.take(1):
        _other_data(bits, version)
    if bits.take(1):
        bits.take(8)
    return coded


def _audio(bits: _Bits) -> tuple[int, int, int]:
    kind, rate, channels = bits.take(5), bits.take(4), bits.take(4)
    if kind in EXTENDED:
        bits.take(4)
        kind = bits.take(5)
    if kind not in GENERAL or rate > 12 or not 0 < channels < 8:
        raise _StrangeFrame
    bits.take(1)
    if bits.take(1):
        bits.take(14)
    bits.take(1)
    return kind, rate, channels


def _other_data(bits: _Bits, version: int) -> None:
    if version:
        _number(bits)
        return
    while bits.take(9) >> 8:
        pass


def _number(bits: _Bits) -> int:
    return bits.take(8 * (bits.take(2) + 1))


def _adts(sound: bytes, kind: int, rate: int, channels: int) -> bytes:
    head = 0xFFF1 << 40 | (kind - 1) << 38 | rate << 34 | channels << 30
    head |= (len(sound) + HEAD_BYTES) << 13 | 0x7FF << 2
    return head.to_bytes(HEAD_BYTES, "big") + sound
