"""Small real films for whole conversions."""

from fractions import Fraction
from pathlib import Path

import pytest
from stereo_spot.media.engine import run_engine_tool

from tests.media.kit import Film, Sound, make


@pytest.fixture(scope="session")
def scene(tmp_path_factory) -> Path:
    """Six seconds of the demonstration scene, 144 frames, with sound."""
    path = tmp_path_factory.mktemp("scene") / "scene.mp4"
    run_engine_tool(
        "scene", str(path), "--seconds", "6", "--width", "160", "--height", "96", "--rate", "24"
    )
    return path


@pytest.fixture(scope="session")
def long_film(tmp_path_factory) -> Path:
    """Twelve seconds, 300 frames, for many short segments."""
    film = Film(name="long.mp4", frames=300, rate=Fraction(25), sounds=(Sound(),))
    return make(tmp_path_factory.mktemp("long"), film)
