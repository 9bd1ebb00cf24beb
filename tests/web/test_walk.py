"""The commands of docs/api.md, as they stand there, against the real program."""

import re
import shutil
import subprocess
from pathlib import Path

import av
import pytest

from tests.web.program import FRAMES, SIZE, make_film, served_by_program

BLOCKS = re.findall(
    r"```bash\n(.*?)```", (Path(__file__).parents[2] / "docs/api.md").read_text(), re.DOTALL
)
pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


def test_a_film_goes_all_the_way_with_curl_alone(tmp_path: Path) -> None:
    make_film(tmp_path / "film.mp4")
    alone, parts = BLOCKS
    with served_by_program(tmp_path / "data") as address:

        def walk(script: str) -> str:
            steps = "set -euo pipefail\n" + script.replace("http://127.0.0.1:8000", address)
            done = subprocess.run(
                ["bash", "-c", steps], cwd=tmp_path, capture_output=True, text=True, timeout=200
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        told = walk(alone)
        sent = walk(parts)
        left = subprocess.run(
            ["curl", "-sS", f"{address}/v1/jobs"], capture_output=True, text=True, check=True
        )

    percents = [int(percent) for percent in re.findall(r"^(\d+) % ", told, re.MULTILINE)]
    assert len(set(percents)) >= 3 and percents == sorted(percents) and percents[-1] == 100
    assert '"status":"completed"' in told
    assert (tmp_path / "head.bin").stat().st_size == 100
    with av.open(str(tmp_path / "Holiday_LRF_Full_SBS.mp4")) as film:
        picture = film.streams.video[0]
        assert (picture.width, picture.height) == (2 * SIZE[0], SIZE[1])
        assert sum(1 for _ in film.decode(video=0)) == FRAMES
    assert '"uploaded":true' in sent
    assert left.stdout.count('"self":') == 1
