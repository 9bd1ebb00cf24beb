"""Which colours a film's numbers mean: every tag read, none left unknown on the way out."""

from dataclasses import dataclass, replace

import av

BT709, SMPTE170M = 1, 6
RGB_MATRIX, UNKNOWN, RESERVED = 0, 2, 3
LIMITED, FULL = 1, 2
PQ, HLG = 16, 18


@dataclass(frozen=True)
class Colour:
    """The four tags, as the numbers of ISO/IEC 23091-2 (range: 1 limited, 2 full)."""

    matrix: int
    range: int
    primaries: int
    transfer: int

    @property
    def is_hdr(self) -> bool:
        """Whether the numbers are PQ or HLG light, which no 8-bit SDR screen shows."""
        return self.transfer in (PQ, HLG)

    def tag(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Write the tags onto a frame."""
        frame.colorspace = self.matrix
        frame.color_range = self.range
        frame.color_primaries = self.primaries
        frame.color_trc = self.transfer
        return frame


def standard(height: int) -> Colour:
    """What SDR video of this height means when it does not say."""
    tags = BT709 if height >= 720 else SMPTE170M
    return Colour(matrix=tags, range=LIMITED, primaries=tags, transfer=tags)


def colour_of(frame: av.VideoFrame) -> Colour:
    """The colours of a decoded frame, gaps filled by the usual habits."""
    usual = standard(frame.height)
    matrix = int(frame.colorspace)
    if matrix in (RGB_MATRIX, UNKNOWN, RESERVED):
        matrix = usual.matrix
    known = replace(usual, matrix=matrix)
    if int(frame.color_range) == FULL or frame.format.name.startswith("yuvj"):
        known = replace(known, range=FULL)
    primaries, transfer = int(frame.color_primaries), int(frame.color_trc)
    if primaries not in (0, UNKNOWN, RESERVED):
        known = replace(known, primaries=primaries)
    if transfer not in (0, UNKNOWN, RESERVED):
        known = replace(known, transfer=transfer)
    return known
