"""Budgets of the handlers: length, one public function, what they load and how long that takes."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HANDLERS = sorted((ROOT / "src").glob("*/handler.py"))
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "x",
    "POWERTOOLS_METRICS_NAMESPACE": "x",
}
FORBIDDEN = {
    "trigger": {"torch", "cv2", "av", "numpy", "fastapi", "mangum"},
    "chunker": {"torch", "cv2", "av", "fastapi"},
    "reassembler": {"torch", "cv2", "av", "fastapi"},
    "api": {"torch", "cv2", "av", "stereo_spot.web.signed", "stereo_spot.analysis"},
}


def test_aws_is_spoken_through_clients_only():
    """Resource objects cost every cold start a second reading of the services' descriptions."""
    ours = (ROOT / "layers/stereo_spot/stereo_spot").rglob("*.py")

    assert not [path.name for path in ours if ".resource(" in path.read_text()]


def loaded_by(statement):
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    told = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=ENVIRONMENT,
    )
    return set(told.stdout.split())


@pytest.mark.parametrize("path", HANDLERS, ids=lambda path: path.parent.name)
class TestHandler:
    def test_it_is_short_and_says_rule_writes_and_retry(self, path):
        text = path.read_text()
        tree = ast.parse(text)
        public = [
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        ]

        assert len(text.splitlines()) <= 60
        assert public == ["lambda_handler"]
        assert all(word in ast.get_docstring(tree) for word in ("Rule:", "Writes:", "Retry:"))
        assert "boto3" not in text

    def test_it_loads_only_what_it_needs(self, path):
        name = path.parent.name

        loaded = loaded_by(f"import src.{name}.handler")

        assert not loaded & FORBIDDEN[name]

    def test_its_imports_are_not_looked_through_for_garbage_but_later_things_are(self, path):
        name = path.parent.name
        state = "import gc; assert gc.isenabled() and gc.get_freeze_count() > 10_000"

        loaded_by(f"import src.{name}.handler; {state}")
