"""Plain-text subtitles between their two forms: mp4's length-prefixed and Matroska's bare text."""

import re
from collections.abc import Callable

from av.container import OutputContainer
from av.stream import Stream

NATIVE = {"mp4": "mov_text", "mkv": "subrip"}
TAG = re.compile(r"<[^>]{0,40}>|\{\\[^}]{0,40}\}")
LONGEST = 65_000
ASS_HEADER = b"""[Script Info]
ScriptType: v4.00+
PlayResX: 384
PlayResY: 288

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, \
Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""

Convert = Callable[[bytes], bytes]


def add_stream(out: OutputContainer, container: str) -> Stream:
    """A plain-text subtitle stream in the container's own form."""
    if container == "mkv":
        return out.add_mux_stream("subrip")
    stream = out.add_stream("mov_text")
    stream.codec_context.subtitle_header = ASS_HEADER
    return stream


def conversion(source: str, container: str) -> Convert:
    """How a packet of codec `source` becomes one of the container."""
    if source == "mov_text":
        return _bare if container == "mkv" else bytes
    return _boxed if container == "mp4" else bytes


def _bare(packet: bytes) -> bytes:
    return packet[2 : 2 + int.from_bytes(packet[:2], "big")]


def _boxed(packet: bytes) -> bytes:
    text = TAG.sub("", packet.decode("utf-8", "replace")).strip("\r\n\0").encode()[:LONGEST]
    return len(text).to_bytes(2, "big") + text
