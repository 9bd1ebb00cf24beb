"""The program as a person starts it, and a small film for it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

FRAMES, RATE, SIZE = 360, 24, (480, 270)


@contextmanager
def served_by_program(data: Path) -> Iterator[str]:
    """The address of `stereo-spot serve` on this data folder and a free port."""
    command = (sys.executable, "-m", "stereo_spot.cli", "serve", "--port", "0", "--workers", "1")
    with subprocess.Popen(
        [*command, "--data", str(data)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200", "CHUNK_SEGMENT_DURATION_SEC": "4"},
    ) as server:
        assert server.stderr is not None
        said = server.stderr.readline()
        found = re.search(r"http://\S+:\d+", said)
        assert found, said + server.stderr.read()
        try:
            yield found[0]
        finally:
            server.terminate()
            server.communicate(timeout=30)


def make_film(path: Path) -> Path:
    """A bright square that moves over a still texture, with a tone."""
    wide, high = SIZE
    ground = np.random.default_rng(7).integers(40, 160, (high // 6, wide // 6, 3), np.uint8)
    ground = ground.repeat(6, 0).repeat(6, 1)
    tone = (np.sin(np.arange(FRAMES * 44100 // RATE) * 440 * 2 * np.pi / 44100) * 8000).astype("i2")
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", RATE, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = wide, high, "yuv420p"
        sound = out.add_stream("aac", 44100, layout="mono")
        for index in range(FRAMES):
            picture = ground.copy()
            picture[80:180, 20 + index : 110 + index] = (240, 200, 60)
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        heard = av.AudioFrame.from_ndarray(tone[None], "s16", "mono")
        heard.sample_rate, heard.pts, heard.time_base = 44100, 0, Fraction(1, 44100)
        out.mux(sound.encode(heard))
        for stream in (video, sound):
            out.mux(stream.encode())
    return path
