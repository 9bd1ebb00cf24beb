"""Files that mean harm or are simply not films, made on the spot; each with how it must end.

`corpus(folder, listener)` writes them all. `listener` is a host:port that must never be called.
"""

import random
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av

from tests.media.films import box, grown
from tests.media.kit import Film, Sound, make

FORBIDDEN = "source_forbidden_format"
NOT_MEDIA = "source_not_media"
EMPTY = "source_empty"
TRUNCATED = "source_truncated"
CORRUPT = "source_corrupt"
NO_VIDEO = "source_no_video"
PIXELS = "source_too_many_pixels"
FRAMES = "source_too_many_frames"
LONG = "source_too_long"
SIZES = "source_size_changes"
CODEC = "source_unsupported_codec"


class Hostile(NamedTuple):
    """A file and the kind of error it must end with."""

    path: Path
    kind: str


def beginnings(secret: Path, listener: str) -> dict[str, tuple[bytes, str]]:
    """Files that their first bytes give away."""
    noise = random.Random(7).randbytes
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n"
    tail = noise(4096)
    return {
        "empty.mp4": (b"", EMPTY),
        "one-byte.mp4": (b"\x00", NOT_MEDIA),
        "zeros.mp4": (bytes(65_536), NOT_MEDIA),
        "noise.mp4": (b"\x8f\x1d" + noise(65_536), NOT_MEDIA),
        "text.mp4": (b"This is a text, not a film.\n" * 40, NOT_MEDIA),
        "object.mp4": (b'{"film": true}', NOT_MEDIA),
        "paper.mp4": (b"%PDF-1.7\n" + tail, NOT_MEDIA),
        "archive.mp4": (b"PK\x03\x04" + tail, NOT_MEDIA),
        "packed.mp4": (b"\x1f\x8b\x08" + tail, NOT_MEDIA),
        "binary.mp4": (b"\x7fELF" + tail, NOT_MEDIA),
        "database.mp4": (b"SQLite format 3\x00" + tail, NOT_MEDIA),
        "hls-local.mp4": (hls.format(f"file://{secret}").encode(), FORBIDDEN),
        "hls-relative.mp4": (hls.format(secret.name).encode(), FORBIDDEN),
        "hls-remote.mp4": (hls.format(f"http://{listener}/a.ts").encode(), FORBIDDEN),
        "hls-key.mp4": (
            f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="http://{listener}/k"\n#EXTINF:1,\na.ts'.encode(),
            FORBIDDEN,
        ),
        "hls-spaced.mp4": (b"\xef\xbb\xbf \n#EXTM3U\n#EXTINF:1,\na.ts\n", FORBIDDEN),
        "concat-absolute.mp4": (f"ffconcat version 1.0\nfile '{secret}'\n".encode(), FORBIDDEN),
        "concat-relative.mp4": (f"ffconcat version 1.0\nfile {secret.name}\n".encode(), FORBIDDEN),
        "concat-self.mp4": (b"ffconcat version 1.0\nfile concat-self.mp4\n" * 2, FORBIDDEN),
        "concat-bare.mp4": (f"file '{secret}'\nfile '{secret}'\n".encode(), FORBIDDEN),
        "subfile.mp4": (f"concat:{secret}|{secret}".encode(), FORBIDDEN),
        "session.mp4": (f"v=0\no=- 0 0 IN IP4 {listener}\nm=video 9 RTP/AVP".encode(), FORBIDDEN),
        "dash.mp4": (
            f'<?xml version="1.0"?><MPD><BaseURL>http://{listener}/</BaseURL></MPD>'.encode(),
            FORBIDDEN,
        ),
        "smooth.mp4": (b"<SmoothStreamingMedia MajorVersion='2'/>", FORBIDDEN),
        "drawing.mp4": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", FORBIDDEN),
        "list.mp4": (f"[playlist]\nFile1=http://{listener}/a.mp4\n".encode(), FORBIDDEN),
        "asx.mp4": (f'<ASX><REF HREF="http://{listener}/"/></ASX>'.encode(), FORBIDDEN),
        "smil.mp4": (b"<smil><body/></smil>", FORBIDDEN),
        "shell.mp4": (b"#!/bin/sh\ntouch /tmp/owned\n", FORBIDDEN),
        "avisynth.mp4": (b'AviSource("a.avi")\n', FORBIDDEN),
        "address.mp4": (f"http://{listener}/film.mp4".encode(), FORBIDDEN),
        "photo.mp4": (b"\xff\xd8\xff\xe0" + tail, FORBIDDEN),
        "image.mp4": (b"\x89PNG\r\n\x1a\n" + tail, FORBIDDEN),
        "moving.gif": (b"GIF89a" + tail, FORBIDDEN),
        "bitmap.mp4": (b"BM" + tail, FORBIDDEN),
        "scan.mp4": (b"II*\x00" + tail, FORBIDDEN),
        "web.mp4": (b"RIFF\x00\x10\x00\x00WEBPVP8 " + tail, FORBIDDEN),
        "avif.mp4": (b"\x00\x00\x00\x1cftypavif" + tail, FORBIDDEN),
        "heic.mp4": (b"\x00\x00\x00\x1cftypheic" + tail, FORBIDDEN),
        "wave.mp4": (b"RIFF\x00\x10\x00\x00WAVEfmt " + tail, FORBIDDEN),
        "song.mp4": (b"ID3\x04\x00" + tail, FORBIDDEN),
        "stream.mp4": (b"\xff\xfb\x90\x00" + tail, FORBIDDEN),
        "lossless.mp4": (b"fLaC" + tail, FORBIDDEN),
        "ogg.mp4": (b"OggS\x00\x02" + tail, FORBIDDEN),
        "book.mp4": (b"\x00\x00\x00\x20ftypM4A " + tail, FORBIDDEN),
        "notes.mp4": (b"MThd\x00\x00" + tail, FORBIDDEN),
        "flash.mp4": (b"FLV\x01\x05" + tail, FORBIDDEN),
        "windows.mp4": (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + tail, FORBIDDEN),
        "disc.mp4": (b"\x00\x00\x01\xba" + tail, FORBIDDEN),
        "studio.mp4": (b"\x06\x0e\x2b\x34\x02\x05\x01\x01" + tail, FORBIDDEN),
        "plain.y4m": (b"YUV4MPEG2 W64 H64 F25:1\nFRAME\n" + tail, FORBIDDEN),
        "bare.h264": (b"\x00\x00\x00\x01\x67\x42" + tail, FORBIDDEN),
    }  # fmt: skip


def corpus(folder: Path, listener: str) -> Iterator[Hostile]:
    """All hostile files."""
    secret = folder / "secret.ts"
    make(folder, Film(secret.name, frames=5))
    for name, (body, kind) in beginnings(secret, listener).items():
        yield written(folder / name, body, kind)
    yield from damaged(folder)
    yield from bombs(folder)
    yield from wrong_inside(folder, listener)
    yield from hidden(folder)


def written(path: Path, body: bytes, kind: str) -> Hostile:
    """A file of these bytes."""
    path.write_bytes(body)
    return Hostile(path, kind)


def damaged(folder: Path) -> Iterator[Hostile]:
    """Real films that were cut short or broken."""
    plain = make(folder, Film("plain.mp4", sounds=(Sound(),))).read_bytes()
    first = make(folder, Film("first.mp4", muxer={"movflags": "faststart"})).read_bytes()
    parts = make(
        folder, Film("parts.mp4", muxer={"movflags": "frag_keyframe+empty_moov"})
    ).read_bytes()
    matroska = make(folder, Film("plain.mkv")).read_bytes()
    video = make(folder, Film("plain.avi", codec="mpeg4")).read_bytes()
    transport = make(folder, Film("plain.ts")).read_bytes()
    half = {"mp4": plain, "faststart": first, "fragmented": parts, "mkv": matroska, "avi": video}
    for name, body in half.items():
        yield written(folder / f"half-{name}", body[: len(body) * 6 // 10], TRUNCATED)
    yield written(folder / "no-index.mp4", plain[: plain.index(b"moov") - 4], TRUNCATED)
    yield written(folder / "header-only.mkv", matroska[:60], TRUNCATED)
    yield written(folder / "header-only.ts", transport[: 188 * 3], CORRUPT)
    yield written(folder / "pointing-out.mp4", pointing(plain, len(plain)), TRUNCATED)
    yield written(folder / "no-table.mp4", plain.replace(b"stbl", b"xxxx"), CODEC)
    yield written(folder / "no-tracks.mp4", plain.replace(b"trak", b"free"), NO_VIDEO)
    yield written(folder / "sync-lost.ts", b"\x47".join([bytes(187)] * 9), NOT_MEDIA)


def bombs(folder: Path) -> Iterator[Hostile]:
    """Small files that ask for much."""
    plain = make(folder, Film("seed.mp4")).read_bytes()
    yield Hostile(many_pixels(folder / "pixels.mkv", 16_000), PIXELS)
    yield Hostile(many_pixels(folder / "pixels-64k.mkv", 65_520), PIXELS)
    yield Hostile(
        make(folder, Film("long.mkv", rate=Fraction(1), frames=2, times=(0, 900_000))), LONG
    )
    yield Hostile(make(folder, Film("fast.mp4", rate=Fraction(2000), frames=60)), FRAMES)
    yield Hostile(tracks(folder / "tracks.mkv", 40), FORBIDDEN)
    for kind in (b"stts", b"stsz", b"stco", b"stsc"):
        name = f"lying-{kind.decode()}.mp4"
        yield written(folder / name, lying(plain, kind), CORRUPT)
    kind = plain[: int.from_bytes(plain[:4], "big")]
    nested = b""
    for _ in range(20_000):
        nested = struct.pack(">I4s", len(nested) + 8, b"moov") + nested
    yield written(folder / "nested.mp4", kind + nested, CORRUPT)
    deep = struct.pack(">I4s", 16, b"moov") + struct.pack(">I4s", 8, b"trak")
    yield written(folder / "tracks.mp4", kind + deep * 20_000, NO_VIDEO)
    yield written(folder / "boxes.mp4", kind + struct.pack(">I4s", 8, b"free") * 200_000,
                  TRUNCATED)  # fmt: skip
    huge = b"\x1a\x45\xdf\xa3\x01" + b"\x00\xff\xff\xff\xff\xff\xff" + bytes(64)
    yield written(folder / "huge-header.mkv", huge, CORRUPT)
    endless = kind + struct.pack(">I4sQ", 1, b"mdat", (1 << 63) - 1) + bytes(100)
    yield written(folder / "endless.mp4", endless, TRUNCATED)


def wrong_inside(folder: Path, listener: str) -> Iterator[Hostile]:
    """Whole files of an accepted form whose contents are not accepted."""
    yield Hostile(sound_only(folder / "sound.mp4"), NO_VIDEO)
    yield Hostile(sound_only(folder / "sound.mkv"), NO_VIDEO)
    yield Hostile(make(folder, Film("lossless.mkv", codec="ffv1")), CODEC)
    yield Hostile(make(folder, Film("huff.avi", codec="huffyuv", pixels="yuv422p")), CODEC)
    yield Hostile(make(folder, Film("order.avi", bframes=2)), CODEC)
    small = make(folder, Film("small.ts")).read_bytes()
    large = make(folder, Film("large.ts", size=(128, 96), start=2.2)).read_bytes()
    yield written(folder / "grows.ts", small + large, SIZES)
    late = make(folder, Film("late.ts", start=500)).read_bytes()
    yield written(folder / "jumps.ts", late + small, LONG)
    plain = (folder / "seed.mp4").read_bytes()
    for name, address in (("file", "file:///etc/hostname"), ("net", f"http://{listener}/a")):
        body = referring(plain, address.encode() + b"\0")
        yield written(folder / f"elsewhere-{name}.mp4", body, FORBIDDEN)


def hidden(folder: Path) -> Iterator[Hostile]:
    """Films whose index is in order; what is wrong shows only when their packets are read."""
    told = {"x264-params": "repeat-headers=1"}
    plain = make(folder, Film("told.mp4", gop=10, bframes=0, options=told))
    other = make(folder, Film("other.mp4", gop=10, bframes=0, options=told, size=(128, 96)))
    bomb = b"".join(len(unit).to_bytes(4, "big") + unit for unit in enormous(16_000))
    yield Hostile(with_keys(plain, folder / "hidden-pixels.mp4", bomb), PIXELS)
    yield Hostile(with_keys(plain, folder / "hidden-size.mp4", first_packet(other)), SIZES)


def first_packet(path: Path) -> bytes:
    """The first video packet of a film."""
    with av.open(str(path)) as film:
        return bytes(next(film.demux(video=0)))


def with_keys(plain: Path, path: Path, key: bytes) -> Path:
    """The film with another packet in the place of all its keys but the first."""
    with av.open(str(plain)) as source, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.is_keyframe and packet.pts:
                other = av.Packet(key)
                other.pts, other.dts, other.time_base = packet.pts, packet.dts, packet.time_base
                other.duration, other.is_keyframe = packet.duration, True
                packet = other
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    return path


def enormous(side: int) -> tuple[bytes, bytes, bytes]:
    """The H.264 units of a picture that says it is `side` pixels square."""
    bits = "01000010" + "00000000" + "00110011"  # baseline, no constraints, level 5.1
    blocks = side // 16
    bits += (
        "".join(map(golomb, (0, 0, 2, 1))) + "0" + golomb(blocks - 1) * 2 + "1" + "1" + "0" + "0"
    )
    sequence = b"\x67" + packed(bits)
    picture = b"\x68" + packed(
        "".join(map(golomb, (0, 0))) + "00" + "1" * 3 + "00" + "1" * 3 + "000"
    )
    return sequence, picture, b"\x65\x88\x80\x10\x00" + bytes(range(1, 60))


def many_pixels(path: Path, side: int) -> Path:
    """A film of a few bytes whose header says it is `side` pixels square."""
    with av.open(str(path), "w") as out:
        stream = out.add_mux_stream("h264", rate=25, width=64, height=64)
        stream.time_base = Fraction(1, 25)
        for number in range(2):
            packet = av.Packet(b"".join(b"\x00\x00\x00\x01" + unit for unit in enormous(side)))
            packet.stream, packet.time_base = stream, Fraction(1, 25)
            packet.pts = packet.dts = number
            packet.is_keyframe = True
            out.mux(packet)
    return path


def golomb(value: int) -> str:
    """A number as Exp-Golomb bits."""
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def packed(bits: str) -> bytes:
    """Bits as bytes, with the stop bit."""
    bits += "1"
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def tracks(path: Path, count: int) -> Path:
    """A film with too many sound tracks."""
    return make(path.parent, Film(path.name, frames=5, sounds=(Sound("pcm_s16le", 8_000),) * count))


def lying(body: bytes, box: bytes) -> bytes:
    """The film with one table claiming four thousand million entries."""
    at = body.index(box) + (12 if box == b"stsz" else 8)
    return body[:at] + b"\xff\xff\xff\xf0" + body[at + 4 :]


def referring(body: bytes, address: bytes) -> bytes:
    """The film with its media said to lie at `address`."""
    entry = body.index(b"url ", body.index(b"dref")) - 4
    end = entry + int.from_bytes(body[entry : entry + 4], "big")
    return grown(body, entry, end, box(b"url ", bytes(4) + address))


def pointing(body: bytes, beyond: int) -> bytes:
    """The film with its media said to begin at another offset."""
    at = body.index(b"stco") + 12
    return body[:at] + beyond.to_bytes(4, "big") + body[at + 4 :]


def sound_only(path: Path) -> Path:
    """A sound track in a film's container."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=44_100)
        for number in range(20):
            frame = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
            frame.rate, frame.pts = 44_100, number * 1024
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path
