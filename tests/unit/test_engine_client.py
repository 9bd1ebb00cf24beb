"""The engine as a process of ours, when it does not keep to its protocol."""

import sys

import pytest
from stereo_spot.errors import StepError
from stereo_spot.media.engine import Engine, EngineJob
from stereo_spot.model import Recipe

TALKS_NONSENSE_ONCE = """
import json, pathlib, sys
print(json.dumps({"event": "ready"}), flush=True)
first = not pathlib.Path(sys.argv[1]).exists()
pathlib.Path(sys.argv[1]).touch()
for line in sys.stdin:
    if first:
        print(sys.argv[2], flush=True)
    print(json.dumps({"event": "done", "result": {"of": json.loads(line)["id"]}}), flush=True)
"""


@pytest.mark.parametrize("nonsense", ["Loading weights: 50 %", "[]", '{"event": "error"}', "3"])
def test_an_engine_that_talks_nonsense_is_not_asked_again(tmp_path, nonsense):
    program = (sys.executable, "-c", TALKS_NONSENSE_ONCE, str(tmp_path / "begun"), nonsense)
    engine = Engine(program)

    def render(name):
        job = EngineJob(
            src="a", dst=name, mezzanine=None, skip_frames=0, n_frames=1, from_time="0",
            recipe=Recipe(),
        )  # fmt: skip
        return engine.render(job, lambda frames: None)

    with pytest.raises(StepError, match="no answer"):
        render("first")
    assert render("second") == {"of": "second"}
    engine.close()
