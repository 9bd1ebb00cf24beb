"""A real film through the tier `quality`, tiny weights in the cache: from the file to the file."""
# ruff: noqa: E402 - nothing of the models may be imported where torch is missing

import os

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (make models)")
pytest.importorskip("diffusers", reason="diffusers is not installed (make models)")
pytest.importorskip("transformers", reason="transformers is not installed (make models)")

from stereo_engine.registry import TIERS

from tests.flow.command import psnr, run_json, shown, sound_bytes
from tests.flow.test_render_server import free_port, http, program
from tests.media.kit import Film, Sound, make
from tests.models import tiny

NAMES = [model.name for model in TIERS["quality"]]


def test_a_film_of_the_best_tier_comes_out_frame_for_frame(tmp_path):
    film = make(tmp_path, Film(frames=40, size=(66, 50), gop=10, sounds=(Sound(),)))
    weights = tiny.save_weights(tmp_path / "weights")
    data, out, port = tmp_path / "d", tmp_path / "out.mp4", free_port()
    tier = {
        "STEREO_SPOT_TIER": "quality",
        "WEIGHTS_DIR": str(weights),
        "ACCEPT_LICENCE": ",".join(NAMES),
        "PYTHONWARNINGS": "ignore",
    }

    with program(data, port, tmp_path / "log", **tier):
        told = run_json(
            "convert", film, "-o", out, "--tier", "quality", "--segment-duration", 1,
            "--crf", 0, "--data", data, env=os.environ | http(port),
        )  # fmt: skip

    before, after = shown(film), shown(out)
    assert told["segments"] == 2 and len(after) == len(before) == 40
    assert [time for time, _ in after] == [time for time, _ in before]
    assert sound_bytes(out) == sound_bytes(film)
    pairs = list(zip(before, after, strict=True))
    assert min(psnr(a[:50, :66], b[:50, :66]) for (_, a), (_, b) in pairs) > 45
    assert any(np.any(b[:50, :66] != b[:50, 66:132]) for _, b in after)
    models = told["models"]
    assert [model["name"] for model in models] == NAMES
    assert all(model["licence"] and model["revision"] for model in models)
