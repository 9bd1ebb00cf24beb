"""What untrusted media may be: the formats by their own magic bytes, and the limits.

Nothing here opens anything. `sniff` decides which demuxer a file gets, so libav never guesses
and a playlist named `.mp4` never reaches a demuxer that follows links.
"""

from dataclasses import dataclass

from stereo_spot.errors import ErrorKind, SourceError

GUARD = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts",
    "protocol_whitelist": "file",
}
"""Options given to libav with every file, beside the demuxer that `sniff` chose."""

VIDEO_CODECS = frozenset(
    {"h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2video", "prores", "mjpeg"}
)
HEAD_BYTES = 4096
"""How much of the beginning `sniff` wants to see."""

MIB = 1 << 20


@dataclass(frozen=True)
class MediaLimits:
    """How large a film, and how costly its reading, may be."""

    max_bytes: int = 256 << 30
    max_pixels: int = 40_000_000
    max_side: int = 16_384
    max_duration_s: float = 12 * 3600.0
    max_frame_rate: float = 240.0
    max_frames: int = 5_000_000
    max_packets: int = 20_000_000
    max_streams: int = 32
    memory_bytes: int = 384 * MIB
    """What the reading process may allocate beyond its start."""
    decode_memory_bytes: int = 1536 * MIB
    """The same where pictures are decoded, which happens only to look for scene cuts."""
    wall_s: float = 900.0
    """Time the reading process may take itself; waiting for storage is not counted."""


_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"}
_STILL_BRANDS = {
    b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"crx ", b"jp2 ",
}  # fmt: skip
_SOUND_BRANDS = {b"M4A ", b"M4B ", b"M4P ", b"F4A "}
_FORBIDDEN = {
    "a picture": (
        b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"8BPS", b"\xff\x0a",
        b"\x00\x00\x00\x0cjP  ", b"\x00\x00\x00\x0cJXL ", b"\x76\x2f\x31\x01", b"P6", b"P5",
    ),
    "a sound file": (
        b"ID3", b"fLaC", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1", b"\xff\xf9", b"FORM",
        b".snd", b"#!AMR", b"caff", b"MThd", b"wvpk", b"MAC ", b"\x0bw", b"OggS",
    ),
    "raw video": (
        b"YUV4MPEG2", b"DKIF", b"\x00\x00\x00\x01", b"\x00\x00\x01\xb3", b"\x00\x00\x01\xb0",
        b"\x00\x00\x01\xb6", b"BBCD",
    ),
    "a container that is not accepted": (
        b"FLV", b"\x30\x26\xb2\x75", b"\x00\x00\x01\xba", b".RMF", b"\x06\x0e\x2b\x34", b"nut/",
        b"RIFX", b"KWVC",
    ),
}  # fmt: skip
_SCRIPTS = {
    "a playlist": (b"#extm3u", b"[playlist]", b"<asx", b"<smil", b"[reference]", b"#ext-x"),
    "a concat script": (b"ffconcat", b"file ", b"file\t", b"file'"),
    "a manifest": (b"<?xml", b"<mpd", b"<smoothstreamingmedia", b"<svg", b"<xspf"),
    "a session description": (b"v=0\r", b"v=0\n"),
    "a program or script": (b"#!", b"<script", b"<html", b"<!doctype", b"import ", b"avisource"),
    "a list of other media": (b";ffmetadata", b"http://", b"https://", b"rtsp://", b"concat:"),
}


def sniff(head: bytes) -> str:
    """The demuxer for a file that begins with `head`.

    Raises:
        SourceError: `source_empty`, `source_not_media` or `source_forbidden_format`.
    """
    if not head:
        raise SourceError(ErrorKind.SOURCE_EMPTY, "the file is empty (0 bytes)")
    known = _container(head)
    if known is not None:
        return known
    _refuse_script(head)
    for what, beginnings in _FORBIDDEN.items():
        if head.startswith(beginnings):
            raise _forbidden(what)
    raise SourceError(
        ErrorKind.SOURCE_NOT_MEDIA,
        f"the file is not a film: it begins with {_shown(head[:8])}, "
        "not with an mp4, mov, mkv, webm, avi or ts header",
    )


def _shown(beginning: bytes) -> str:
    """Some bytes as a person reads them: as text where they are, else as numbers."""
    text = beginning.decode("latin-1").strip()
    return (
        f'"{text}"' if text.isascii() and text.isprintable() else f"the bytes {beginning.hex(' ')}"
    )


def _container(head: bytes) -> str | None:
    if head[4:8] in _BOXES:
        return _movie_boxes(head)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if head.startswith(b"RIFF"):
        return _riff(head)
    return "mpegts" if _transport_stream(head) else None


def _movie_boxes(head: bytes) -> str:
    brand = head[8:12]
    if head[4:8] == b"ftyp" and brand in _STILL_BRANDS:
        raise _forbidden(f"a picture ({brand.decode('latin-1').strip()})")
    if head[4:8] == b"ftyp" and brand in _SOUND_BRANDS:
        raise _forbidden(f"a sound file ({brand.decode('latin-1').strip()})")
    return "mov"


def _riff(head: bytes) -> str:
    form = head[8:12]
    if form == b"AVI ":
        return "avi"
    what = {b"WAVE": "a sound file", b"WEBP": "a picture"}.get(form, "not AVI")
    raise _forbidden(f"{what} (RIFF {form.decode('latin-1').strip()})")


def _transport_stream(head: bytes) -> bool:
    for packet, first in ((188, 0), (192, 4), (204, 0)):
        marks = head[first::packet][:8]
        if len(marks) >= 2 and not marks.strip(b"\x47"):
            return True
    return False


def _refuse_script(head: bytes) -> None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for what, beginnings in _SCRIPTS.items():
        if text.startswith(beginnings):
            raise _forbidden(what)


def _forbidden(what: str) -> SourceError:
    return SourceError(
        ErrorKind.SOURCE_FORBIDDEN_FORMAT,
        f"the file is {what}; films are taken as mp4, mov, mkv, webm, avi or ts only",
    )
