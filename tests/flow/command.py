"""The `stereo-spot` command as a person runs it, and what its results hold."""

import json
import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

COMMAND = [sys.executable, "-m", "stereo_spot.cli"]


def run(*arguments: object, expect: int | None = 0, **options) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    told = subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=200, **options
    )
    assert "Traceback" not in told.stderr + told.stdout, told.stderr
    if expect is not None:
        assert told.returncode == expect, (told.returncode, told.stdout, told.stderr)
    return told


def run_json(*arguments: object, expect: int = 0, **options) -> dict:
    """Run with --json and read the one object on stdout."""
    told = run(*arguments, "--json", expect=expect, **options)
    return json.loads(told.stdout)


def start(*arguments: object) -> subprocess.Popen[bytes]:
    """Start the command in a process group of its own."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to every process the command has started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def shown(path: Path) -> list[tuple[Fraction, np.ndarray]]:
    """Every decoded frame with its time: luma, uint8 [H, W]."""
    with av.open(str(path)) as film:
        return [
            (frame.pts * frame.time_base, frame.to_ndarray(format="yuv420p")[: frame.height])
            for frame in film.decode(video=0)
        ]


def sound_bytes(path: Path) -> list[bytes]:
    """Every sound packet's bytes."""
    with av.open(str(path)) as film:
        return [bytes(packet) for packet in film.demux(audio=0) if packet.size]


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal to noise ratio of two 8-bit pictures, dB."""
    error = np.mean((a.astype(float) - b.astype(float)) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))
