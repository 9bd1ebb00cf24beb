"""How large the pictures are, read from key packets: before a decoder allocates, and all along.

A film whose pictures change size in the middle cannot become one stereo film, and a container's
header says nothing about it.
"""

from stereo_spot.errors import ErrorKind, SourceError
from stereo_spot.media.child import boxes
from stereo_spot.media.child.boxes import Box
from stereo_spot.media.child.nals import length_size, plain, unit_type, units
from stereo_spot.media.child.ranges import RemoteFile
from stereo_spot.media.child.sps import h264_size, hevc_size
from stereo_spot.media.guard import MediaLimits

Size = tuple[int, int]

SEQUENCE = {"h264": 7, "hevc": 33}
VP8_SYNC = b"\x9d\x01\x2a"
MPEG2_SEQUENCE = b"\x00\x00\x01\xb3"
SAMPLE_SIZE_AT = 24


class SizeWatch:
    """Looks at every key packet of one film."""

    def __init__(self, codec: str, extradata: bytes | None, limits: MediaLimits) -> None:
        self._codec = codec
        self._extradata = extradata
        self._limits = limits
        self._last = b""
        self._size: Size | None = None
        for parameters in _sequences_of_header(codec, extradata):
            self._see(parameters)

    @property
    def watching(self) -> bool:
        """Whether key packets of this codec state their size where it is read."""
        return self._codec in (*SEQUENCE, "vp8", "mpeg2video")

    def look(self, packet: bytes) -> None:
        """Check a key packet.

        Raises:
            SourceError: `source_too_many_pixels` or `source_size_changes`.
        """
        for parameters in sequences(self._codec, packet, self._extradata):
            if parameters != self._last:
                self._see(parameters)

    def _see(self, parameters: bytes) -> None:
        self._last = parameters
        size = _size(self._codec, parameters)
        check_size(*size, self._limits)
        self._size = self._size or size
        if size != self._size:
            raise _changes(self._size, size)


def check_size(width: int, height: int, limits: MediaLimits) -> None:
    """Refuse pictures too large to work on."""
    if width * height > limits.max_pixels or max(width, height) > limits.max_side:
        raise SourceError(
            ErrorKind.SOURCE_TOO_MANY_PIXELS,
            f"the film is {width}x{height}; at most {limits.max_pixels} pixels and "
            f"{limits.max_side} a side are taken",
        )


def check_descriptions(file: RemoteFile, top: tuple[Box, ...]) -> None:
    """Refuse an mp4 that describes its pictures more than once and differently."""
    for moov in (box for box in top if box.kind == b"moov"):
        for media in boxes.find(file, moov, b"trak", b"mdia"):
            if not any(boxes.find(file, media, b"minf", b"vmhd")):
                continue
            for stsd in boxes.find(file, media, b"minf", b"stbl", b"stsd"):
                _check_entries(file, stsd)


def _check_entries(file: RemoteFile, stsd: Box) -> None:
    found: set[Size] = set()
    for entry in boxes.boxes(file, stsd.start + 8, stsd.end):
        body = file.exactly(entry.start + SAMPLE_SIZE_AT, 4)
        found.add((int.from_bytes(body[:2], "big"), int.from_bytes(body[2:], "big")))
    if len(found) > 1:
        raise _changes(*sorted(found)[:2])


def sequences(codec: str, packet: bytes, extradata: bytes | None) -> list[bytes]:
    """The parts of a key packet that state its size."""
    if codec in SEQUENCE:
        size = length_size(codec, extradata)
        found = units(packet, size)
        return [unit for unit in found if unit and unit_type(codec, unit) == SEQUENCE[codec]]
    if codec == "vp8" and packet[3:6] == VP8_SYNC:
        return [packet[6:10]]
    if codec == "mpeg2video" and (at := packet.find(MPEG2_SEQUENCE)) >= 0:
        return [packet[at + 4 : at + 7]]
    return []


def _sequences_of_header(codec: str, extradata: bytes | None) -> list[bytes]:
    """The same of a decoder's parameters, which are start codes or an avcC or hvcC record."""
    if codec not in SEQUENCE or not extradata:
        return []
    if not length_size(codec, extradata):
        return sequences(codec, extradata, None)
    at = 6 if codec == "h264" else _hevc_sequence_at(extradata)
    if not at or at + 2 > len(extradata):
        return []
    size = int.from_bytes(extradata[at : at + 2], "big")
    return [extradata[at + 2 : at + 2 + size]] if size > 3 else []


def _hevc_sequence_at(extradata: bytes) -> int:
    """Where the length of the first sequence parameter set lies in an hvcC record; 0 if nowhere."""
    at = 23
    for _ in range(extradata[22] if len(extradata) > 22 else 0):
        kind, count = extradata[at] & 0x3F, int.from_bytes(extradata[at + 1 : at + 3], "big")
        at += 3
        if kind == SEQUENCE["hevc"] and count:
            return at
        for _ in range(count):
            at += 2 + int.from_bytes(extradata[at : at + 2], "big")
        if at + 3 > len(extradata):
            return 0
    return 0


def _size(codec: str, parameters: bytes) -> Size:
    match codec:
        case "h264":
            return h264_size(plain(parameters))
        case "hevc":
            return hevc_size(plain(parameters))
        case "vp8":
            width, height = parameters[:2], parameters[2:]
            return _fourteen(width), _fourteen(height)
    bits = int.from_bytes(parameters, "big")
    return bits >> 12, bits & 0xFFF


def _fourteen(pair: bytes) -> int:
    return int.from_bytes(pair, "little") & 0x3FFF


def _changes(before: Size, after: Size) -> SourceError:
    return SourceError(
        ErrorKind.SOURCE_SIZE_CHANGES,
        f"the picture size changes from {before[0]}x{before[1]} to {after[0]}x{after[1]} "
        "within the film",
    )
