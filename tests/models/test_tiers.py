"""Whole films through the tiers `fast` and `quality`, with tiny weights in the cache."""
# ruff: noqa: E402 - nothing of the models may be imported where torch is missing

import json
import subprocess
import sys
import weakref
from fractions import Fraction

import av
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (make models)")
pytest.importorskip("diffusers", reason="diffusers is not installed (make models)")
pytest.importorskip("transformers", reason="transformers is not installed (make models)")

from stereo_engine import warm
from stereo_engine.errors import EngineError
from stereo_engine.job import Job
from stereo_engine.recipe import Recipe
from stereo_engine.registry import TIERS
from stereo_engine.render import render
from stereo_engine.settings import ModelSettings
from stereo_engine.windows import Selection

from tests.engine.films import moving_pictures, write_film
from tests.models import tiny

NAMES = [model.name for model in TIERS["quality"]]
BOTH = pytest.mark.parametrize("tier", ["fast", "quality"])


@pytest.fixture(scope="module")
def weights_dir(tmp_path_factory):
    return tiny.save_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(autouse=True)
def machine(weights_dir, monkeypatch):
    monkeypatch.setenv("WEIGHTS_DIR", str(weights_dir))
    monkeypatch.setenv("ACCEPT_LICENCE", ",".join(NAMES))


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    return write_film(path, moving_pictures(12, 64, 48))


def frames_of(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.fixture
def fresh():
    """The models of `fast`, loaded for this test alone."""
    warm._loaded.clear()
    yield warm.warm("fast", ModelSettings.from_environment())
    warm._loaded.clear()


def test_less_is_done_at_once_where_memory_is_short_and_what_failed_is_freed(fresh, film, tmp_path):
    given, tries = [], []

    def full(_model, _args, kwargs):
        pixels = kwargs["pixel_values"]
        tries.append((len(pixels), [ref() for ref in given].count(None)))
        given.append(weakref.ref(pixels))
        if len(pixels) > 2:
            raise torch.OutOfMemoryError("full")

    fresh.most_frames = 8
    fresh.depth.register_forward_pre_hook(full, with_kwargs=True)

    report = render(Job(film, tmp_path / "out.mp4", Recipe(tier="fast")))

    assert report["frames"] == 12
    assert tries[:3] == [(8, 0), (4, 1), (2, 2)], "frames at once, and pictures freed by then"


def test_a_memory_too_small_for_one_frame_is_told(fresh, film, tmp_path):
    def full(*_):
        raise torch.OutOfMemoryError("full")

    fresh.depth.register_forward_pre_hook(full)

    with pytest.raises(EngineError, match="too small") as caught:
        render(Job(film, tmp_path / "out.mp4", Recipe(tier="fast")))
    assert caught.value.kind == "out_of_memory"
    assert not list(tmp_path.iterdir())


@BOTH
def test_a_whole_film_comes_out_frame_for_frame(tier, film, tmp_path):
    seen = []

    report = render(Job(film, tmp_path / "out.mp4", Recipe(tier=tier)), seen.append)

    made = frames_of(tmp_path / "out.mp4")
    assert len(made) == report["frames"] == seen[-1] == 12
    assert made[0].shape == (48, 128, 3)
    assert report["depth_confidence"] == 1.0
    assert [model["name"] for model in report["models"]] == [m.name for m in TIERS[tier]]
    assert all(model["licence"] and model["revision"] for model in report["models"])


@BOTH
def test_pre_roll_is_not_written_and_the_same_job_gives_the_same_bytes(tier, film, tmp_path):
    job = {"recipe": Recipe(tier=tier, crf=0), "selection": Selection(skip_frames=4, n_frames=6)}

    for name in ("a.mp4", "b.mp4"):
        assert render(Job(film, tmp_path / name, **job))["frames"] == 6

    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize("mode", ["anaglyph", "half_sbs", "rgbd"])
def test_every_kind_of_layout_works(mode, film, tmp_path):
    job = Job(film, tmp_path / "out.mp4", Recipe(tier="quality", mode=mode), Selection(0, 2))

    assert render(job)["frames"] == 2


def test_depth_of_segments_rendered_apart_agrees(film, tmp_path):
    whole = Job(film, tmp_path / "whole.mp4", Recipe(tier="fast", crf=0))
    pre_roll = Selection(skip_frames=8, n_frames=2, from_time=Fraction(2, 25))
    tail = Job(film, tmp_path / "tail.mp4", Recipe(tier="fast", crf=0), pre_roll)

    render(whole)
    render(tail)

    expected = frames_of(whole.dst)[10:]
    assert all(map(np.array_equal, frames_of(tail.dst), expected)) and len(expected) == 2


def test_a_licence_that_was_not_accepted_stops_it_before_anything_is_loaded(
    film, tmp_path, monkeypatch
):
    monkeypatch.setenv("ACCEPT_LICENCE", "depthcrafter")

    with pytest.raises(EngineError) as caught:
        render(Job(film, tmp_path / "out.mp4", Recipe(tier="quality")))

    assert caught.value.kind == "licence_not_accepted"
    assert list(tmp_path.iterdir()) == []


def test_a_job_may_accept_what_the_environment_does_not(film, tmp_path, monkeypatch):
    monkeypatch.setenv("ACCEPT_LICENCE", "")
    job = {"src": str(film), "dst": str(tmp_path / "out.mp4"), "n_frames": 1}

    made = render(Job.of(job | {"recipe": {"tier": "quality"}, "accept_licence": NAMES}))

    assert made["frames"] == 1


def test_when_memory_runs_out_the_job_is_tried_again_with_less(fresh, film, tmp_path, monkeypatch):
    from stereo_engine.model_eyes import FastEyes

    fresh.most_frames = 8
    usual, tries = FastEyes._pairs, []

    def full_at_first(self, pictures):
        tries.append(self._warm.plan((64, 48)))
        for at, pair in enumerate(usual(self, pictures)):
            if len(tries) == 1 and at == 3:
                raise torch.OutOfMemoryError("full")
            yield pair

    monkeypatch.setattr(FastEyes, "_pairs", full_at_first)

    made = render(Job(film, tmp_path / "out.mp4", Recipe(tier="fast")))

    assert made["frames"] == 12 and len(frames_of(tmp_path / "out.mp4")) == 12
    assert len(tries) == 2 and tries[0] != tries[1]


def test_the_program_serves_a_tier_with_its_models_loaded(film, tmp_path):
    job = {"id": 1, "src": str(film), "dst": str(tmp_path / "out.mp4"), "n_frames": 2}
    line = json.dumps(job | {"recipe": {"tier": "fast"}, "first_frame": 0}) + "\n"
    command = [sys.executable, "-W", "ignore", "-m", "stereo_engine", "--serve", "--tier", "fast"]

    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.stdin.write(line)
        process.stdin.flush()
        events = [json.loads(process.stdout.readline())["event"]]
        while events[-1] not in ("done", "error"):
            events.append(json.loads(process.stdout.readline())["event"])
        process.stdin.close()

    assert (events[0], events[-1]) == ("ready", "done")
