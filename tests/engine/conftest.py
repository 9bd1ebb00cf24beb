"""Fixtures of the engine's tests."""

import pytest

from tests.engine.films import moving_pictures, write_film


@pytest.fixture(scope="session")
def film(tmp_path_factory):
    """40 frames, 96x64, 25 frames/s, lossless."""
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    return write_film(path, moving_pictures(40))
