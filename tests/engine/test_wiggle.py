"""The eyes of a side-by-side film shown in turn."""

from fractions import Fraction

import av
import numpy as np
from stereo_engine.wiggle import main

from tests.engine.films import write_film


def shades(path):
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        size = stream.width, stream.height
        return size, [frame.to_ndarray(format="gray").mean() for frame in film.decode(stream)]


def test_both_eyes_are_shown_in_turn_while_time_goes_on(tmp_path):
    pair = np.zeros((32, 96, 3), np.uint8)
    pair[:, 48:] = 200
    source = write_film(tmp_path / "sbs.mp4", [pair] * 12, rate=Fraction(24))

    assert main([str(source), str(tmp_path / "out.mp4")]) == 0

    size, levels = shades(tmp_path / "out.mp4")
    assert size == (48, 32)
    assert [level > 60 for level in levels] == ([False] * 3 + [True] * 3) * 2


def test_time_can_stand_still(tmp_path):
    frames = [np.full((32, 96, 3), level, np.uint8) for level in (10, 120, 240)]
    source = write_film(tmp_path / "sbs.mp4", frames, rate=Fraction(24))

    assert main([str(source), str(tmp_path / "out.mp4"), "--at", "0.04"]) == 0

    _, levels = shades(tmp_path / "out.mp4")
    assert len(levels) == 96
    assert np.ptp(levels) < 3 and 100 < levels[0] < 140


def test_what_is_no_film_is_refused(tmp_path, capsys):
    (tmp_path / "no.mp4").write_bytes(b"no film")

    assert main([str(tmp_path / "no.mp4"), str(tmp_path / "out.mp4")]) == 2
    assert capsys.readouterr().err
