"""Films that go through plan, cut, a lossless renderer and join come out frame for frame."""

from fractions import Fraction

import pytest
from stereo_spot.model import JobOptions

from tests.media.kit import Film, Sound, make, seen, walk

SOUND = (Sound(),)
FILMS = [
    Film("cfr.mp4", sounds=SOUND),
    Film("cfr.mkv", sounds=SOUND),
    Film("cfr.mov", sounds=SOUND),
    Film("cfr.ts", sounds=SOUND),
    Film("mpeg4.avi", codec="mpeg4", sounds=(Sound("libmp3lame"),)),
    Film("vp9.webm", codec="libvpx-vp9", sounds=(Sound("libopus", 48_000),)),
    Film("vp8.webm", codec="libvpx"),
]


@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.name)
def test_every_frame_comes_back_at_its_time(film, tmp_path):
    source = make(tmp_path, film)

    walked = walk(source, tmp_path / "work", options=JobOptions(segment_duration_s=0.7))

    before, after = seen(source), seen(walked.final, film.size)
    assert after.crcs == before.crcs
    assert len({a - b for a, b in zip(after.times, before.times, strict=True)}) == 1
    assert walked.plan.total >= 3
    assert walked.report.frames == film.frames
    assert walked.report.duration_s == pytest.approx(float(film.frames / Fraction(25)), abs=0.05)
