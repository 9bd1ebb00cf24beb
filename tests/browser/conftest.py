"""The whole program as a person starts it, a generated film, and Chromium."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

av = pytest.importorskip("av", reason="PyAV is not installed")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
FRAMES, RATE, SIZE = 360, 24, (480, 270)


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bright square that moves over a still texture, with a tone."""
    path = tmp_path_factory.mktemp("film") / "Moving square.mp4"
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
            left = 20 + index
            picture[80:180, left : left + 90] = (240, 200, 60)
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        heard = av.AudioFrame.from_ndarray(tone[None], "s16", "mono")
        heard.sample_rate, heard.pts, heard.time_base = 44100, 0, Fraction(1, 44100)
        out.mux(sound.encode(heard))
        for stream in (video, sound):
            out.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`stereo-spot serve` on a fresh data folder and a free port."""
    data = tmp_path_factory.mktemp("served")
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
        assert found, said
        try:
            yield found[0]
        finally:
            server.terminate()
            server.communicate(timeout=30)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any, address: str) -> Iterator[Any]:
    """A fresh page; whatever the console complains of fails the test."""
    context = chromium.new_context(base_url=address, viewport={"width": 1280, "height": 900})
    made = context.new_page()
    complaints: list[str] = []
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on(
        "console",
        lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None,
    )
    made.expected_complaints = []
    yield made
    context.close()
    unexpected = [
        told for told in complaints if not any(word in told for word in made.expected_complaints)
    ]
    assert not unexpected
