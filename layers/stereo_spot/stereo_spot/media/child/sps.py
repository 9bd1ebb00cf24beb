"""Picture sizes out of sequence parameter sets (ITU-T H.264 7.3.2.1.1, H.265 7.3.2.2)."""

from stereo_spot.media.child.nals import Bits

CHROMA_PROFILES = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
HEVC_PROFILE_BITS = 88
HEVC_LEVEL_BITS = 8


def h264_size(unit: bytes) -> tuple[int, int]:
    """Coded width and height, before cropping."""
    bits = Bits(unit[1:])
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    if profile in CHROMA_PROFILES:
        _skip_chroma(bits)
    bits.golomb()
    _skip_order(bits)
    bits.golomb()
    bits.take(1)
    width = 16 * (bits.golomb() + 1)
    rows = bits.golomb() + 1
    return width, 16 * rows * (1 if bits.take(1) else 2)


def _skip_chroma(bits: Bits) -> None:
    if bits.golomb() == 3:
        bits.take(1)
    bits.golomb()
    bits.golomb()
    bits.take(1)
    if bits.take(1):
        for index in range(12):
            if bits.take(1):
                _skip_scaling(bits, 16 if index < 6 else 64)


def _skip_scaling(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + _signed(bits)) % 256
        last = following or last


def _skip_order(bits: Bits) -> None:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.take(1)
        for _ in range(2):
            bits.golomb()
        for _ in range(min(bits.golomb(), 255)):
            bits.golomb()


def _signed(bits: Bits) -> int:
    value = bits.golomb()
    return (value + 1) // 2 if value & 1 else -(value // 2)


def hevc_size(unit: bytes) -> tuple[int, int]:
    """Coded width and height, before cropping."""
    bits = Bits(unit[2:])
    bits.take(4)
    layers = bits.take(3)
    bits.take(1 + HEVC_PROFILE_BITS + HEVC_LEVEL_BITS)
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in present:
        bits.take(HEVC_PROFILE_BITS * profile + HEVC_LEVEL_BITS * level)
    bits.golomb()
    if bits.golomb() == 3:
        bits.take(1)
    return bits.golomb(), bits.golomb()
