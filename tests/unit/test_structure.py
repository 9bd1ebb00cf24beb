"""The structure of the code: its sizes, import contracts that bite, no local paths."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (ROOT / "layers/stereo_spot/stereo_spot", ROOT / "inference_container/stereo_engine")
MODULES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
HANDLERS = sorted(ROOT.glob("src/*/handler.py")) + sorted(ROOT.glob("src/*/worker.py"))
MOST_LINES, MOST_BODY_LINES, MOST_HANDLER_LINES = 300, 40, 60


def body_lines(function: ast.FunctionDef) -> int:
    """Lines from the first statement after the docstring to the end."""
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return function.end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_keep_their_size(path):
    text = path.read_text()
    functions = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert len(text.splitlines()) <= MOST_LINES
    assert [f.name for f in functions if body_lines(f) > MOST_BODY_LINES] == []


@pytest.mark.parametrize("path", HANDLERS, ids=lambda path: path.parent.name)
def test_handlers_are_thin(path):
    assert len(path.read_text().splitlines()) <= MOST_HANDLER_LINES


def tracked() -> list[Path]:
    """Files that a clone would hold."""
    told = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if told.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in told.stdout.split("\0") if name]


def test_no_file_names_a_place_of_one_machine():
    own = Path(__file__)
    bad = ("/home/", "/root/", "/Users/", "/work/", str(ROOT) + "/")
    found = [
        (path.relative_to(ROOT), word)
        for path in tracked()
        if path.exists() and path != own and path.suffix not in {".png", ".lock", ".mp4"}
        for word in bad
        if word in path.read_text(errors="ignore")
    ]
    assert found == []


@pytest.fixture
def copy(tmp_path):
    """Both packages and the contracts, apart from the checkout."""
    for package in PACKAGES:
        shutil.copytree(
            package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def linted(folder: Path) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command as main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=folder, capture_output=True, text=True
    )


def test_the_import_contracts_hold(copy):
    told = linted(copy)

    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize(
    ("where", "planted", "named"),
    [
        ("conversion/complete.py", "import stereo_spot.adapters.memory", "conversion"),
        ("media/probe.py", "import boto3", "boto3"),
        ("cli/main.py", "import stereo_engine", "stereo_engine"),
        ("utils.py", "'''Anything.'''", "utils"),
    ],
)
def test_a_planted_break_is_caught(copy, where, planted, named):
    path = copy / "stereo_spot" / where
    path.write_text((path.read_text() if path.exists() else "") + f"\n{planted}\n")

    told = linted(copy)

    assert told.returncode != 0
    assert named in told.stdout
