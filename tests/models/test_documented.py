"""The programs of docs/models.md do what the page says."""

import re
from pathlib import Path

import av
import numpy as np
import pytest

from tests.engine.films import moving_pictures, write_film

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_another_depth_model_takes_fewer_than_50_lines(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_film(tmp_path / "film.mp4", moving_pictures(6))
    (program,) = (text for text in PROGRAMS if "class Mine" in text)

    exec(compile(program, str(PAGE), "exec"), {"__name__": "mine"})

    assert len(program.splitlines()) < 50
    with av.open(str(tmp_path / "film_3d.mp4")) as film:
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(pictures) == 6 and pictures[0].shape == (64, 192, 3)
    left, right = np.split(pictures[-1].astype(int), 2, axis=1)
    assert np.abs(left - right).mean() > 1, "the depth was used"
    assert "'frames': 6" in capsys.readouterr().out


def test_what_transformers_loads_needs_no_class_of_its_own(tmp_path):
    pytest.importorskip("torch", reason="torch is not installed (make models)")
    pytest.importorskip("diffusers", reason="diffusers is not installed (make models)")
    pytest.importorskip("transformers", reason="transformers is not installed (make models)")
    from tests.models import tiny

    tiny.depth_anything().save_pretrained(tmp_path)
    (program,) = (text for text in PROGRAMS if "AutoModelForDepthEstimation" in text)
    names = {"weights": tmp_path}

    exec(compile(program.replace("518", "56"), str(PAGE), "exec"), names)

    (raw,) = names["mine"].estimate(moving_pictures(1))
    assert raw.shape == (56, 84) and np.isfinite(raw).all()
