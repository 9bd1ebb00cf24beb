"""The rendered scenes tell the truth about themselves."""

import av
import numpy as np
import pytest
from stereo_engine.scene import KINDS, render
from stereo_engine.scene.__main__ import main
from stereo_engine.splat import right_view

from benchmarks.engine_quality import psnr


@pytest.mark.parametrize("kind", KINDS)
def test_the_right_view_is_the_left_one_moved_by_its_disparity(kind):
    frame = next(render(kind, 2, 1, 320, 180))

    made, _ = right_view(frame.left, frame.disparity)

    assert psnr(made, frame.right, frame.visible) > 30
    assert psnr(frame.left, frame.right, frame.visible) < 28
    assert 0 < frame.hidden.mean() < 0.15


def test_disparity_keeps_to_three_percent_with_the_screen_in_its_middle():
    frame = next(render("cam", 1, 1, 320, 180))

    assert frame.disparity.min() == pytest.approx(-4.8, abs=0.01)
    assert frame.disparity.max() <= 4.8


def test_a_seed_is_a_scene():
    first, again, other = (next(render("both", seed, 1, 64, 36)) for seed in (1, 1, 2))

    assert np.array_equal(first.left, again.left)
    assert np.array_equal(first.right_disparity, again.right_disparity)
    assert not np.array_equal(first.left, other.left)


def test_scenes_move_as_their_kind_says():
    moves = {}
    for kind in ("still", "cam"):
        first, second = render(kind, 1, 2, 96, 54)
        moves[kind] = not np.array_equal(first.left, second.left)

    assert moves == {"still": False, "cam": True}


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="no such kind"):
        next(render("underwater", 1, 1))


def test_the_program_writes_a_film_with_stereo_sound(tmp_path):
    out = tmp_path / "scene.mp4"
    words = ["--seconds", "0.5", "--width", "160", "--height", "90", "--rate", "24"]

    assert main([str(out), *words]) == 0

    with av.open(str(out)) as film:
        video, audio = film.streams.video[0], film.streams.audio[0]
        assert (video.width, video.height, video.average_rate) == (160, 90, 24)
        assert (audio.codec_context.name, audio.layout.nb_channels) == ("aac", 2)
        assert sum(packet.size > 0 for packet in film.demux(video)) == 12
    with av.open(str(out)) as film:
        loudness = [np.abs(frame.to_ndarray()).max() for frame in film.decode(audio=0)]
    assert max(loudness) > 0.05
