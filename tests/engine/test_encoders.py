"""The GPU's encoder where it was asked for and answers, x264 everywhere else."""

import pytest
from stereo_engine import encoders
from stereo_engine.errors import EngineError
from stereo_engine.job import Job
from stereo_engine.recipe import Recipe
from stereo_engine.render import render
from stereo_engine.windows import Selection

from tests.engine.films import read_stream


@pytest.mark.skipif(encoders.answers("h264_nvenc"), reason="this machine has NVENC")
def test_without_a_gpu_x264_writes_and_the_result_says_so(film, tmp_path, monkeypatch):
    usual = render(Job(film, tmp_path / "usual.mp4", Recipe(), Selection(0, 3)))
    monkeypatch.setenv("VIDEO_ENCODER", "nvenc")

    made = render(Job(film, tmp_path / "out.mp4", Recipe(), Selection(0, 3)))

    assert usual["encoder"] == made["encoder"] == "libx264"
    assert usual["warnings"] == []
    assert made["warnings"] == ["NVENC was asked for and cannot write this here: libx264 used"]
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "usual.mp4").read_bytes()


def test_another_name_for_an_encoder_is_refused(film, tmp_path, monkeypatch):
    monkeypatch.setenv("VIDEO_ENCODER", "foo")

    with pytest.raises(EngineError, match=r"^VIDEO_ENCODER: 'foo' is not nvenc") as caught:
        render(Job(film, tmp_path / "out.mp4", Recipe(), Selection(0, 3)))
    assert caught.value.kind == "bad_request"
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_is_known_by_what_it_does():
    assert encoders.answers("libx264")
    assert not encoders.answers("no such encoder")


@pytest.mark.parametrize(
    ("recipe", "hardware", "expected"),
    [
        (Recipe(), True, "h264_nvenc"),
        (Recipe(codec="hevc"), True, "hevc_nvenc"),
        (Recipe(), False, "libx264"),
        (Recipe(crf=0), True, "libx264"),
        (Recipe(codec="hevc", pix_fmt="yuv420p10le"), True, "libx265"),
    ],
)
def test_where_it_answers_it_writes_what_it_can(recipe, hardware, expected, monkeypatch):
    monkeypatch.setattr(encoders, "answers", lambda name: True)

    assert encoders.encoder_of(recipe.codec, recipe, hardware=hardware) == expected


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.skipif(not encoders.answers("h264_nvenc"), reason="no GPU with NVENC here")
def test_the_gpu_writes_segments_that_join(codec, film, tmp_path, monkeypatch):
    monkeypatch.setenv("VIDEO_ENCODER", "nvenc")
    recipe = Recipe(codec=codec, max_width=640)

    streams = []
    for first in (0, 20):
        path = tmp_path / f"{first}.mp4"
        report = render(Job(film, path, recipe, Selection(first, 20)))
        assert report["encoder"] == encoders.HARDWARE[codec]
        streams.append(read_stream(path))

    assert [found["packets"] for found in streams] == [20, 20]
    assert streams[0]["extradata"] == streams[1]["extradata"]
