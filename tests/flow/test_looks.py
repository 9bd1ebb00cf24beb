"""Every choice of the engine through `stereo-spot convert`, on a real film."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from stereo_engine.anaglyph import METHODS
from stereo_engine.job import Job
from stereo_engine.recipe import _CHOICES, Mode
from stereo_engine.recipe import Recipe as EnginesRecipe
from stereo_engine.render import render
from stereo_engine.splat import FILLS
from stereo_engine.windows import Selection
from stereo_spot.conversion.naming import film_name, is_film_name
from stereo_spot.media.engine import EngineJob
from stereo_spot.model import (
    AnaglyphMethod,
    Fill,
    PixelFormat,
    Recipe,
    StereoMode,
    Synth,
)
from stereo_spot.runtime.depth_files import depth_options

from tests.engine.films import read_planes
from tests.flow.command import run_json

QUICK = ("--crf", 0, "--preset", "ultrafast", "--end", 1)


def convert(scene, folder: Path, *options, **expected):
    return run_json(
        "convert", scene, "-o", f"{folder}/", *options, "--data", folder / "d", **expected
    )


def test_the_words_are_the_engines_own():
    assert {*AnaglyphMethod} == {*METHODS}
    assert {*StereoMode} == {*Mode}
    assert {*Fill} == {*FILLS}
    assert {*Synth} == {*_CHOICES["synth"]}
    assert {*PixelFormat} == {*_CHOICES["pix_fmt"]}


def test_the_engine_takes_every_field_of_a_recipe():
    recipe = Recipe(depth_from="/maps", depth_version="1", export_depth="/out")
    job = EngineJob(
        src="a", dst="b", mezzanine=None, skip_frames=0, n_frames=1, from_time="0", recipe=recipe
    )

    taken = Job.of(job.message())

    assert (taken.depth_from, taken.export_depth) == (Path("/maps"), Path("/out"))
    assert job.message()["recipe"].keys() == EnginesRecipe.__dataclass_fields__.keys()


def test_the_film_is_what_the_engine_makes_of_the_same_recipe(scene, tmp_path):
    chosen = ["--mode", "cross_eyed", "--synth", "both", "--fill", "blend", "--swap-eyes"]
    chosen += ["--floating-window", "--codec", "hevc", "--pix-fmt", "yuv420p10le"]
    chosen += ["--max-disparity", 5]

    told = convert(scene, tmp_path, *chosen, *QUICK, "--end", 0.25)

    recipe = EnginesRecipe(
        mode="cross_eyed", synth="both", fill="blend", swap_eyes=True, floating_window=True,
        codec="hevc", pix_fmt="yuv420p10le", max_disparity=5.0, crf=0, preset="ultrafast",
    )  # fmt: skip
    render(Job(scene, tmp_path / "engine.mp4", recipe, Selection(n_frames=6)))
    made, expected = (read_planes(Path(p)) for p in (told["output"], tmp_path / "engine.mp4"))
    assert told["output"].endswith("scene_RLF_cross.mp4")
    assert made[0][0].dtype == np.uint16 and len(made) == 6
    for one, other in zip(made, expected, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_depth_is_written_and_read_frame_by_frame_over_segments(scene, tmp_path):
    maps = tmp_path / "maps"
    short = (*QUICK, "--segment-duration", 0.5)

    convert(scene, tmp_path, "--export-depth", maps, *short)
    files = sorted(maps.iterdir())
    aside = maps.rename(tmp_path / "aside")
    again = convert(scene, tmp_path, "--export-depth", maps, *short, expect=2)
    aside.rename(maps)
    for index, path in enumerate(files):
        cv2.imwrite(str(path), np.full((9, 16), 2000 * index, np.uint16))
    told = convert(scene, tmp_path, "--depth-from", maps, "--mode", "rgbd", *short)

    assert again["error_kind"] == "conflict" and "jobs delete" in again["message"]
    assert [path.name for path in files] == [f"{index:06d}.png" for index in range(24)]
    assert told["depth_source"] == "file" and told["segments"] == 2
    assert told["output"].endswith("scene_RGBD.mp4")
    for index, (y, _, _) in enumerate(read_planes(Path(told["output"]))):
        grey = 2000 * index / 65535 * 255
        assert np.abs(y[:, 160:] - grey).max() <= 1


def test_other_depth_under_the_same_name_makes_another_job(tmp_path):
    options = []
    for level in (b"near", b"far, and longer"):
        (tmp_path / "0.png").write_bytes(level)
        options.append(Recipe(**depth_options(tmp_path, None)))

    assert options[0].depth_from == options[1].depth_from == str(tmp_path)
    assert options[0].digest() != options[1].digest()


def test_the_name_of_an_anaglyph_says_for_which_glasses():
    names = [film_name("a", Recipe(mode="anaglyph", anaglyph=m)) for m in ("yb_gray", "gm_dubois")]

    assert names == ["a_yellowblue_gray.mp4", "a_greenmagenta_dubois.mp4"]
    assert all(is_film_name(Path(name).stem) for name in names)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--pix-fmt", "yuv420p10le"), "--pix-fmt = 'yuv420p10le': ten bits"),
        (("--for", "tv", "--anaglyph", "gray"), "--anaglyph"),
        (("--depth-from", "nowhere"), "nowhere"),
        (("--anaglyph", "sepia"), "sepia"),
    ],
)
def test_what_cannot_be_is_refused_by_name(scene, tmp_path, options, named):
    told = convert(scene, tmp_path, *options, expect=2)

    assert not told["ok"] and named in told["message"]


def test_depth_files_are_of_the_machine_that_renders(scene, tmp_path):
    backend = {"INFERENCE_BACKEND": "http", "INFERENCE_HTTP_URL": "http://127.0.0.1:9"}

    told = convert(
        scene, tmp_path, "--export-depth", tmp_path / "maps", env=os.environ | backend, expect=2
    )

    assert told["error_kind"] == "bad_request" and "render server" in told["message"]


def test_depth_files_are_of_one_film(scene, tmp_path):
    told = run_json("convert", scene.parent, "--export-depth", tmp_path / "maps", expect=2)

    assert "one film" in told["message"]
