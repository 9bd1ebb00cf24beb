"""Films made by dice go through plan, cut, a lossless renderer and join unchanged.

    FUZZ_N=200 FUZZ_SEED=1 pytest tests/media/test_fuzz.py -m long -s

A failure names its seed; FUZZ_SEED with FUZZ_N=1 makes that film again.
"""

import os
import random
import shutil
from fractions import Fraction

import pytest
from stereo_spot.model import JobOptions

from tests.media.kit import Film, Sound, heard, make, seen, walk

COUNT = int(os.environ.get("FUZZ_N", "60"))
FIRST = int(os.environ.get("FUZZ_SEED", "1000"))
CODECS = {
    "mp4": ("libx264", "libx265", "mpeg4", "libvpx-vp9"),
    "mov": ("libx264", "libx265", "mpeg4", "prores_ks", "mjpeg"),
    "mkv": ("libx264", "libx265", "mpeg4", "libvpx-vp9", "libvpx", "mpeg2video"),
    "webm": ("libvpx-vp9", "libvpx"),
    "ts": ("libx264", "libx265", "mpeg2video"),
    "avi": ("mpeg4", "mjpeg"),
}
SOUNDS = {
    "mp4": ("aac", "ac3", "libmp3lame"),
    "mov": ("aac", "pcm_s16le"),
    "mkv": ("aac", "ac3", "libmp3lame", "libopus", "flac", "pcm_s16le"),
    "webm": ("libopus",),
    "ts": ("aac", "ac3", "libmp3lame"),
    "avi": ("libmp3lame", "ac3"),
}
PIXELS = {"prores_ks": "yuv422p10le", "mjpeg": "yuvj420p"}
RATES = (Fraction(25), Fraction(24_000, 1001), Fraction(30_000, 1001), Fraction(50), Fraction(12))


def rolled(seed: int) -> tuple[Film, JobOptions, int]:
    """The film, the options and the pre-roll of a seed."""
    dice = random.Random(seed)
    container = dice.choice(list(CODECS))
    codec = dice.choice(CODECS[container])
    rate = dice.choice([r for r in RATES if codec != "mpeg2video" or r >= 20])
    frames = dice.randint(1, 90)
    film = Film(
        name=f"film.{container}",
        codec=codec,
        frames=frames,
        size=(dice.choice((64, 96, 130)), dice.choice((48, 64, 98))),
        rate=rate,
        pixels=PIXELS.get(codec, "yuv420p"),
        gop=dice.choice((1, 5, 12, 30, 250)),
        bframes=dice.choice((0, 1, 2, 3)) if codec in ("libx264", "libx265") else 0,
        options={"x264-params": "open-gop=1"} if codec == "libx264" and dice.random() < 0.3 else {},
        muxer=_muxer(container, dice),
        start=dice.choice((0, 0, 0, 1.5)) if container in ("mkv", "webm", "mp4") else 0,
        times=_uneven(frames, dice) if container == "mkv" and dice.random() < 0.5 else None,
        sounds=tuple(
            Sound(dice.choice(SOUNDS[container]), 48_000, language=dice.choice((None, "eng")))
            for _ in range(dice.choice((0, 1, 1, 2)))
        ),
    )
    options = JobOptions(
        segment_duration_s=dice.choice((0.5, 0.7, 1.0, 2.3, 30)), scene_cuts=dice.random() < 0.2
    )
    return film, options, dice.choice((0, 4, 8, 25))


def _muxer(container: str, dice: random.Random) -> dict[str, str]:
    if container not in ("mp4", "mov"):
        return {}
    flags = dice.choice((None, "faststart", "frag_keyframe+delay_moov"))
    return {"movflags": flags} if flags else {}


def _uneven(frames: int, dice: random.Random) -> tuple[int, ...]:
    times, now = [], 0
    for _ in range(frames):
        times.append(now)
        now += dice.choice((1, 1, 1, 2, 9))
    return tuple(times)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_films_made_by_dice_come_back_whole(tmp_path):
    for seed in range(FIRST, FIRST + COUNT):
        film, options, preroll = rolled(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        print(f"seed {seed}: {film.name} {film.codec} {film.frames} frames")

        source = make(folder, film)
        walked = walk(source, folder / "work", options=options, preroll=preroll)

        before, after = seen(source), seen(walked.final, film.size)
        assert after.crcs == before.crcs, seed
        shifts = {a - b for a, b in zip(after.times, before.times, strict=True)}
        spread = max(shifts) - min(shifts)
        rounded = walked.final.suffix == ".mkv" and source.suffix != ".mkv"
        assert spread <= (Fraction(1, 1000) if rounded else 0), seed
        sound = [track.payload for track in heard(source)]
        assert [track.payload for track in heard(walked.final)] == sound, seed
        shutil.rmtree(folder)
