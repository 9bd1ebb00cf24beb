"""Films with scenes that differ, and with speech where the machine can speak."""

import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from stereo_spot.analysis.options import AnalysisOptions
from stereo_spot.analysis.records import Video, upload_key
from stereo_spot.analysis.stages import Analyzer

SENTENCE = "The red car stops at the bridge. Water runs under it."
COLOURS = {
    "red": (200, 30, 30),
    "green": (30, 170, 40),
    "blue": (30, 50, 200),
    "yellow": (230, 210, 30),
    "gray": (128, 128, 128),
    "white": (240, 240, 240),
    "purple": (120, 30, 170),
    "orange": (240, 130, 20),
}
RATE = 25


def scene_picture(colour: str, number: int, size: tuple[int, int] = (160, 90)) -> np.ndarray:
    """RGB uint8 [H, W, 3]: mostly one colour, a pattern of its own, and a little movement."""
    width, height = size
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = COLOURS[colour]
    stripes = 3 + list(COLOURS).index(colour)
    for stripe in range(stripes):
        x = stripe * width // stripes
        picture[height // 4 : height // 2 + stripe * 3, x : x + width // (3 * stripes)] = 15
    at = number % 20
    picture[height - 12 : height - 4, at : at + 8] = 255
    return picture


def film(
    path: Path,
    colours: tuple[str, ...] = ("red", "green", "blue"),
    *,
    seconds: float = 1.2,
    size: tuple[int, int] = (160, 90),
    wave: Path | None = None,
    tone: bool = False,
) -> Path:
    """Each colour is one scene of `seconds`."""
    frames = round(seconds * RATE)
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=RATE)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.options = {"preset": "ultrafast", "threads": "1", "crf": "12"}
        sound = out.add_stream("aac", rate=44_100, layout="mono") if wave or tone else None
        for number in range(frames * len(colours)):
            rgb = scene_picture(colours[number // frames], number, size)
            frame = av.VideoFrame.from_ndarray(rgb, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if sound is not None:
            for frame in _sound(wave, frames * len(colours) / RATE):
                out.mux(sound.encode(frame))
            out.mux(sound.encode(None))
    return path


def _sound(wave: Path | None, seconds: float):
    resampler = av.AudioResampler("fltp", "mono", 44_100)
    if wave is not None:
        with av.open(str(wave)) as file:
            for frame in file.decode(audio=0):
                yield from resampler.resample(frame)
        return
    total = int(seconds * 44_100)
    for at in range(0, total, 1024):
        t = np.arange(at, min(at + 1024, total)) / 44_100
        frame = av.AudioFrame.from_ndarray(
            (0.3 * np.sin(2 * np.pi * 330 * t)).astype(np.float32)[None, :], "fltp", "mono"
        )
        frame.rate, frame.pts, frame.time_base = 44_100, at, Fraction(1, 44_100)
        yield from resampler.resample(frame)


def speech(path: Path) -> Path | None:
    """A spoken sentence as a wave file; None on a machine that cannot speak."""
    program = shutil.which("espeak-ng") or shutil.which("espeak")
    if program is None:
        return None
    subprocess.run([program, "-w", str(path), SENTENCE], check=True, timeout=30)
    return path


def talking_film(folder: Path) -> Path:
    """Four scenes with a spoken sentence, or with a tone where nobody can speak."""
    wave = speech(folder / "speech.wav")
    return film(
        folder / "talking.mp4",
        ("red", "green", "blue", "yellow"),
        seconds=1.0,
        wave=wave,
        tone=wave is None,
    )


def analyzer_of(storage, providers, folder: Path, **options) -> Analyzer:
    """An analyzer over a storage."""
    return Analyzer(
        rows=storage.rows,
        files=storage.files,
        scratch=folder / "scratch",
        options=AnalysisOptions(**options),
        transcriber=providers.transcriber,
        describer=providers.describer,
        embedder=providers.embedder,
    )


def store(analyzer: Analyzer, content: bytes, video_id: str = "film-1") -> str:
    """Put a film where the storage keeps films."""
    key = upload_key(video_id, "talking.mp4")
    analyzer.files.put(key, content)
    analyzer.rows.save_video(Video(id=video_id, original_path=key, original_name="talking.mp4"))
    return video_id
