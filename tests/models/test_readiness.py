"""What a machine is told it lacks."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
from stereo_engine.models import readiness
from stereo_engine.registry import DEPTH_ANYTHING, TIERS
from stereo_engine.settings import ModelSettings
from stereo_spot.errors import RequestError
from stereo_spot.media.engine import run_engine_tool


@pytest.fixture(autouse=True)
def no_login(monkeypatch):
    monkeypatch.setattr("stereo_engine.models.known_token", lambda: None)


def test_every_tier_says_what_it_lacks_and_how_much_it_would_download(tmp_path):
    tiers = readiness(ModelSettings(tmp_path))["tiers"]

    assert tiers["classic"] == {
        "ready": True,
        "missing": [],
        "download_bytes": 0,
        "models": [],
        "estimated_s_per_frame": None,
    }
    assert tiers["fast"]["download_bytes"] == DEPTH_ANYTHING.size_bytes
    assert tiers["fast"]["ready"] == (find_spec("torch") is not None)
    lacks = " ".join(tiers["quality"]["missing"])
    assert "licence of stereocrafter" in lacks and "HF_TOKEN" in lacks
    assert tiers["quality"]["download_bytes"] > 7e9


def test_the_speed_of_a_cpu_is_taken_from_what_it_does(tmp_path):
    pytest.importorskip("torch", reason="torch is not installed (make models)")
    if readiness(ModelSettings(tmp_path))["device"] != "cpu":
        pytest.skip("this machine has a GPU")

    tiers = readiness(ModelSettings(tmp_path))["tiers"]

    assert tiers["quality"]["estimated_s_per_frame"] > tiers["fast"]["estimated_s_per_frame"] > 0


def test_an_accepted_licence_is_no_longer_missing(tmp_path):
    accepted = frozenset(model.name for model in TIERS["quality"])

    lacks = " ".join(readiness(ModelSettings(tmp_path, accepted))["tiers"]["quality"]["missing"])

    assert "licence" not in lacks


def test_the_program_prints_json(tmp_path):
    told = subprocess.run(
        [sys.executable, "-m", "stereo_engine.models"],
        capture_output=True,
        check=True,
        env=os.environ | {"WEIGHTS_DIR": str(tmp_path)},
    )

    assert set(json.loads(told.stdout)["tiers"]) == set(TIERS)


def test_a_setting_that_cannot_be_is_told_in_one_line_with_its_kind(monkeypatch):
    monkeypatch.setenv("MODEL_REVISIONS", "x=y")

    with pytest.raises(RequestError, match=r"^MODEL_REVISIONS: x=y pins none of") as caught:
        run_engine_tool("models")
    assert caught.value.kind == "bad_request"
