"""Recipes and jobs from outside."""

import pytest
from stereo_engine.errors import EngineError
from stereo_engine.job import Job
from stereo_engine.recipe import Recipe

LIBRARY_RECIPE = {
    "mode": "anaglyph",
    "tier": "classic",
    "max_disparity": 2,
    "convergence": 0.5,
    "codec": "hevc",
    "crf": 20,
    "preset": "fast",
    "max_width": None,
    "seed": 7,
}


def refused(values):
    with pytest.raises(EngineError) as caught:
        Recipe.of(values)
    assert caught.value.exit_code == 2
    return caught.value


def test_a_recipe_of_the_library_is_understood():
    recipe = Recipe.of(LIBRARY_RECIPE)

    assert (recipe.max_disparity, recipe.seed, recipe.max_width) == (2.0, 7, None)


@pytest.mark.parametrize(
    "values",
    [
        {"mode": "hologram"},
        {"crf": 52},
        {"crf": 18.5},
        {"crf": True},
        {"crf": None},
        {"max_disparity": float("nan")},
        {"max_disparity": 11},
        {"convergence": "near"},
        {"preset": "warp9"},
        {"codec": "av1"},
        {"pix_fmt": "yuv420p10le"},
        {"swap_eyes": 1},
        {"anaglyph": "sepia"},
        {"sharpness": 1},
    ],
    ids=str,
)
def test_what_cannot_be_made_is_a_bad_request_that_names_the_field(values):
    error = refused(values)

    assert error.kind == "bad_request"
    assert next(iter(values)) in error.message


@pytest.mark.parametrize(
    "values",
    [
        {"dst": "b.mp4"},
        {"src": "a.mp4", "dst": 3},
        {"src": "a.mp4", "dst": "b.mp4", "speed": 2},
        {"src": "a.mp4", "dst": "b.mp4", "recipe": []},
        {"src": "a.mp4", "dst": "b.mp4", "skip_frames": "8"},
        {"src": "a.mp4", "dst": "b.mp4", "from_time": "1/0"},
        {"src": "a.mp4", "dst": "b.mp4", "from_time": "soon"},
    ],
    ids=str,
)
def test_a_malformed_job_is_a_bad_request(values):
    with pytest.raises(EngineError) as caught:
        Job.of(values)

    assert caught.value.kind == "bad_request"
