"""What people do who have never seen the program: it says what it does, and keeps what it did."""

import io
import json
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import pytest
from stereo_spot.cli.output import Terminal
from stereo_spot.conversion.stored import FileReader
from stereo_spot.errors import ErrorKind, MachineError
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.plan import plan
from stereo_spot.model import JobOptions
from stereo_spot.runtime.convert import drive, prepare
from stereo_spot.runtime.estimate import estimate
from stereo_spot.runtime.local import open_machine

from tests.flow.command import COMMAND, run, run_json
from tests.media.kit import Film, Sound, make

STUB = ("--tier", "stub")


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """About a second, at a rate that is no whole number."""
    film = Film(name="small.mp4", frames=25, rate=Fraction(24000, 1001))
    return make(tmp_path_factory.mktemp("small"), film)


def begun(*arguments: object) -> subprocess.Popen[str]:
    """The command, started with --json."""
    command = [*COMMAND, *map(str, arguments), "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(pattern: str, folder: Path, process: subprocess.Popen[str]) -> None:
    """Wait until there is such a file."""
    while process.poll() is None and not any(folder.glob(pattern)):
        time.sleep(0.02)


# what is said before


@pytest.mark.parametrize(
    ("start", "end"), [(None, 0.3), (0.1, 0.35), (0.25, None), (0.5, 99.0), (0.0417, 0.0418)]
)
def test_the_frames_of_a_cut_are_told_as_they_will_be(small, tmp_path, start, end):
    options = JobOptions(start_s=start, end_s=end)
    with FileReader(small) as reader:
        made = plan(reader, source_etag="", options=options, preroll_frames=0, limits=MediaLimits())

    told = estimate(made.facts, options, 1000, tmp_path, workers=1)

    assert told.frames == made.frames


def test_the_speed_of_a_cut_is_not_that_of_the_whole_film(scene, tmp_path):
    run("convert", scene, *STUB, "--end", 0.5, "--workers", 1, "--data", tmp_path)

    speed = json.loads((tmp_path / "speed.json").read_text())["stub"]
    assert speed <= 160 * 96 * 12 / 0.5


# names


def test_a_film_named_like_a_result_is_passed_over_aloud(small, tmp_path):
    films = tmp_path / "films"
    films.mkdir()
    for name in ("a.mp4", "wooden_rows.mp4"):
        (films / name).hardlink_to(small)

    told = run("convert", films, *STUB, "--data", tmp_path / "d", "--json")

    assert "wooden_rows.mp4" in told.stderr
    found = json.loads(told.stdout)
    assert [film["source"] for film in found["films"]] == [str(films / "a.mp4")]
    assert found["passed_over"] == [str(films / "wooden_rows.mp4")]


def test_a_folder_of_such_names_alone_says_why_there_is_no_film(small, tmp_path):
    (tmp_path / "my_left_eye.mp4").hardlink_to(small)

    told = run_json("convert", tmp_path, "--data", tmp_path / "d", expect=2)

    assert told["error_kind"] == "source_missing" and "my_left_eye.mp4" in told["message"]


@pytest.mark.parametrize("option", [(), ("film.mp4", "-o"), ("film.mp4", "--data")])
def test_an_empty_name_is_not_this_folder(small, tmp_path, option):
    (tmp_path / "film.mp4").hardlink_to(small)

    told = run_json("convert", *option, "", expect=2, cwd=tmp_path)

    assert told["error_kind"] == "bad_request"
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_a_film_s_own_words_are_no_markup(tmp_path):
    film = Film(name="odd.mkv", frames=5, sounds=(Sound(language="[/x]"),))

    told = run("probe", make(tmp_path, film))

    assert "Hz, [/x]" in told.stdout


def test_a_folder_s_own_name_is_no_markup(tmp_path):
    told = run("doctor", "--data", tmp_path / "[/x]")

    assert f"{tmp_path}/[/x], " in told.stdout


def test_a_name_moves_no_cursor_of_a_person_and_is_exact_for_a_program():
    name, seen, piped = "a\x1b[31m\x9bb.mp4", io.StringIO(), io.StringIO()

    Terminal(file=seen, force_terminal=True, highlight=False).print(name, markup=False)
    Terminal(file=piped, highlight=False).print(name, markup=False)

    assert seen.getvalue() == "a\ufffd[31m\ufffdb.mp4\n"
    assert piped.getvalue() == f"{name}\n"


# things that happen meanwhile


def test_a_film_that_vanishes_is_missed_at_once_and_costs_nothing(scene, tmp_path):
    film, data = tmp_path / "film.mp4", tmp_path / "d"
    film.write_bytes(scene.read_bytes())
    options = (*STUB, "--segment-duration", 0.5, "--workers", 1, "--data", data)
    process = begun("convert", film, *options)
    wait_for("objects/keys/jobs/*/segments/*.json", data, process)
    film = film.rename(tmp_path / "away.mp4")

    out, _ = process.communicate(timeout=100)

    told = json.loads(out)
    assert (process.returncode, told["error_kind"]) == (2, "source_missing")
    assert "is kept" in told["message"]
    assert run_json("convert", film, *options)["resumed_segments"] > 0


def test_a_data_folder_that_vanishes_is_told(small, tmp_path):
    with_place = open_machine(tmp_path / "d")
    job = prepare(small, JobOptions(), with_place).job
    (tmp_path / "d").rename(tmp_path / "moved")

    with pytest.raises(MachineError) as told:
        drive(job.job_id, with_place, workers=0, watch=lambda *_: None)

    with_place.close()
    assert told.value.kind is ErrorKind.OUTPUT_UNWRITABLE


def test_a_log_without_a_place_stops_nobody(tmp_path):
    code = (
        "import logging, pathlib, shutil, sys\n"
        "from stereo_spot.runtime.logs import log_to\n"
        "log_to(pathlib.Path(sys.argv[1]), 'INFO')\n"
        "shutil.rmtree(sys.argv[1])\n"
        "logging.getLogger('a').error('something')\n"
    )

    subprocess.run([sys.executable, "-c", code, str(tmp_path / "d")], check=True)


def test_one_that_is_told_to_stop_says_so_in_json_too(scene, tmp_path):
    process = begun("convert", scene, "--data", tmp_path)
    wait_for("state.db", tmp_path, process)
    process.send_signal(signal.SIGTERM)

    out, _ = process.communicate(timeout=100)

    assert process.returncode == 143 and json.loads(out)["error_kind"] == "cancelled"
