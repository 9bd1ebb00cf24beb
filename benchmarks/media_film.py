"""The film of the media benchmark: as a disc or a good camera gives it, made as long as asked.

1080p24 H.264 with B-frames at about 28 Mbit/s, a key every two seconds, AAC sound beside it. Two
seconds are encoded and repeated; a gigabyte lasts about five minutes.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np

WIDTH, HEIGHT, RATE, GOP = 1920, 1080, 24, 48
BIT_RATE = 20_000_000
SOUND_RATE, SOUND_PACKET, SOUND_LOOP = 48_000, 1024, 96


class Shot(NamedTuple):
    """An encoded packet; its times count frames, or samples."""

    body: bytes
    pts: int
    dts: int
    is_keyframe: bool


def make(path: Path, gigabytes: float) -> None:
    """Write the film; the name decides the container."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=RATE)
        sound = out.add_stream("aac", rate=SOUND_RATE, layout="stereo")
        shots, notes = _pictures(video), _sounds(sound)
        turns = int(gigabytes * 1e9 / sum(len(shot.body) for shot in shots)) + 1
        heard = _for_ever(notes, SOUND_PACKET * SOUND_LOOP)
        note = next(heard)
        for turn in range(turns):
            for shot in shots:
                _put(out, video, _later(shot, turn * GOP), Fraction(1, RATE))
                while note.dts * RATE < (turn * GOP + shot.dts) * SOUND_RATE:
                    _put(out, sound, note, Fraction(1, SOUND_RATE))
                    note = next(heard)


def _pictures(stream: Any) -> list[Shot]:
    """Two seconds of coarse and fine noise."""
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    stream.bit_rate = BIT_RATE
    stream.options = {
        "preset": "ultrafast", "bf": "2", "g": str(GOP), "sc_threshold": "0", "threads": "2",
        "maxrate": str(BIT_RATE), "bufsize": str(BIT_RATE),
    }  # fmt: skip
    dice = np.random.default_rng(1)
    packets = []
    for number in range(GOP):
        coarse = dice.integers(0, 200, (HEIGHT // 4, WIDTH // 4), np.uint8)
        fine = dice.integers(0, 40, (HEIGHT, WIDTH), np.uint8)
        grey = coarse.repeat(4, 0).repeat(4, 1) + fine
        frame = av.VideoFrame.from_ndarray(grey, "gray").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, RATE)
        packets += stream.encode(frame)
    return _shots([*packets, *stream.encode(None)], RATE)


def _sounds(stream: Any) -> list[Shot]:
    """Two seconds of noise."""
    dice = np.random.default_rng(2)
    packets = []
    for number in range(SOUND_LOOP):
        wave = dice.uniform(-0.3, 0.3, (2, SOUND_PACKET)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(wave, "fltp", "stereo")
        frame.rate, frame.pts = SOUND_RATE, number * SOUND_PACKET
        packets += stream.encode(frame)
    made = _shots(packets, SOUND_RATE)
    return [
        shot._replace(pts=number * SOUND_PACKET, dts=number * SOUND_PACKET)
        for number, shot in enumerate((made * 2)[:SOUND_LOOP])
    ]


def _shots(packets: list[Any], rate: int) -> list[Shot]:
    return [
        Shot(
            bytes(packet),
            round(packet.pts * packet.time_base * rate),
            round(packet.dts * packet.time_base * rate),
            packet.is_keyframe,
        )
        for packet in packets
    ]


def _for_ever(shots: list[Shot], length: int) -> Iterator[Shot]:
    for turn in count():
        yield from (_later(shot, turn * length) for shot in shots)


def _later(shot: Shot, by: int) -> Shot:
    return shot._replace(pts=shot.pts + by, dts=shot.dts + by)


def _put(out: Any, stream: Any, shot: Shot, unit: Fraction) -> None:
    packet = av.Packet(shot.body)
    packet.stream, packet.time_base = stream, unit
    packet.pts, packet.dts, packet.duration = shot.pts, shot.dts, 1
    if stream.type == "audio":
        packet.duration = SOUND_PACKET
    packet.is_keyframe = shot.is_keyframe
    out.mux(packet)
