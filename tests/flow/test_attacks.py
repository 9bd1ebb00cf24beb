"""Hostile names and places, two runs at once, things that vanish: a clear line, nothing lost."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from stereo_spot.adapters.local import disk
from stereo_spot.adapters.local.bus import LocalBus
from stereo_spot.adapters.local.database import Database
from stereo_spot.adapters.local.owner import new_owner
from stereo_spot.conversion.chunk import chunk
from stereo_spot.conversion.naming import film_name
from stereo_spot.conversion.progress import progress_of
from stereo_spot.errors import ErrorKind, MachineError, StepError, StereoSpotError
from stereo_spot.events import ChunkRequested
from stereo_spot.media.engine import Engine, EngineJob
from stereo_spot.model import JobOptions, JobStatus, Recipe
from stereo_spot.runtime.convert import check_place, prepare
from stereo_spot.runtime.estimate import learn_speed
from stereo_spot.runtime.local import open_machine
from stereo_spot.runtime.steps import StepLoop

from tests.flow.command import COMMAND, run, run_json, shown
from tests.media.kit import Film, Sound, make

STUB = ("--tier", "stub")


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """One second, 25 frames."""
    return make(tmp_path_factory.mktemp("small"), Film(name="small.mp4", frames=25))


@pytest.fixture
def machine(tmp_path):
    opened = open_machine(tmp_path / "d")
    yield opened
    opened.close()


# what a person types


def test_a_wrong_option_is_one_object_when_json_is_asked_for():
    told = run_json("convert", "film.mp4", "--mode", "cinema", expect=2)

    assert told["error_kind"] == "bad_request" and "cinema" in told["message"]


def test_ctrl_c_while_the_program_is_loaded_shows_no_traceback():
    code = (
        "import sys\n"
        "class Stopped:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'stereo_spot.cli.main': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stopped())\n"
        "from stereo_spot.cli import main; main()"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert (told.returncode, told.stderr) == (130, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("json", [(), ("--json",)])
def test_an_answer_that_cannot_be_written_is_one_line(small, json):
    with Path("/dev/full").open("w") as full:
        told = subprocess.run(
            [*COMMAND, "probe", str(small), *json], stdout=full, stderr=subprocess.PIPE, text=True
        )

    assert told.returncode == 1 and told.stderr.count("\n") == 1, told.stderr


def test_a_refused_value_is_told_under_the_option_s_name(small, tmp_path):
    told = run("convert", small, "--segment-duration", 0.1, "--data", tmp_path, expect=2)

    assert told.stderr.startswith("bad_request: --segment-duration = 0.1")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"MODEL_THREADS": "zero"}, "MODEL_THREADS = 'zero': "),
        ({"INFERENCE_BACKEND": "http"}, "INFERENCE_HTTP_URL = '': the backend"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL = 'loud': input should be 'DEBUG'"),
    ],
)
def test_a_refused_setting_is_told_under_the_environment_s_name(settings, said):
    told = run("config", env=os.environ | settings, expect=2)

    assert told.stderr.startswith(f"bad_request: {said}")


def test_a_folder_does_not_go_into_one_film(small, tmp_path):
    told = run("convert", small.parent, "-o", tmp_path / "all.mp4", *STUB, expect=2)

    assert "name a folder" in told.stderr and not (tmp_path / "all.mp4").exists()


def test_a_start_behind_the_end_of_the_film_promises_no_time(small, tmp_path):
    told = run("convert", small, "--start", 60, *STUB, "--data", tmp_path, expect=2)

    assert told.stderr.strip().startswith("bad_request: no frame"), told.stderr


@pytest.mark.parametrize("kind", ["pipe", "device", "long"])
def test_what_is_no_file_is_refused_at_once(tmp_path, kind):
    path = {"pipe": tmp_path / "pipe.mp4", "device": "/dev/zero", "long": "a" * 300}[kind]
    if kind == "pipe":
        os.mkfifo(path)

    told = run_json("convert", path, "--data", tmp_path / "d", expect=2)

    assert told["error_kind"] == "source_unreadable"


def test_a_cut_beyond_the_end_is_the_request_s_fault_and_leaves_nothing(small, tmp_path):
    told = run_json("convert", small, "--start", 5, "--data", tmp_path / "d", expect=2)

    assert told["error_kind"] == "bad_request"
    with closing(sqlite3.connect(tmp_path / "d/state.db")) as database:
        assert database.execute("SELECT count(*) FROM messages").fetchone() == (0,)
    assert [path for path in (tmp_path / "d/objects").rglob("*") if path.is_file()] == []


def test_a_data_folder_that_is_none_of_ours_is_one_line(small, tmp_path):
    (tmp_path / "state.db").write_text("this is no database\n" * 100)

    told = run("convert", small, "--data", tmp_path, expect=1)

    assert told.stderr.startswith("output_unwritable: ") and told.stderr.count("\n") == 1


def test_a_server_without_a_place_for_its_data_is_one_line(tmp_path):
    (tmp_path / "file").touch()

    told = run("serve", "--port", 0, "--data", tmp_path / "file/d", expect=1)

    assert told.stderr.startswith("output_unwritable: ") and told.stderr.count("\n") == 1


# names and places


def test_brackets_in_a_name_are_kept_and_shown(small, tmp_path):
    source = tmp_path / "a[/b] [red] [x265].mp4"
    source.parent.mkdir()
    source.hardlink_to(small)

    told = run("convert", source, *STUB, "--data", tmp_path / "d")

    assert Path(told.stdout.strip()).name == "b] [red] [x265]_LRF_Full_SBS.mp4"
    assert Path(told.stdout.strip()).exists()
    assert "[red]" in run("jobs", "list", "--data", tmp_path / "d").stdout


@pytest.mark.parametrize(
    "title", ["\u3042" * 82, "\U00020000" * 60, "a" * 251], ids=["3", "4", "1"]
)
def test_a_name_fits_the_file_system(title):
    name = film_name(title, Recipe())

    assert len(name.encode()) <= 255 and name.startswith(title[:40])


def test_the_film_itself_is_never_replaced(tmp_path):
    film = Film(name="film.mkv", frames=10, sounds=(Sound(codec="pcm_s16le"),))
    source = make(tmp_path, film)
    before = source.read_bytes()

    told = run_json("convert", source, "-o", tmp_path / "film.mp4", *STUB, "--data", tmp_path / "d")

    assert source.read_bytes() == before
    assert told["output"] == str(tmp_path / "film_LRF_Full_SBS.mkv")
    for _ in range(2):  # the same command again gives the same film
        told = run_json(
            "convert", source, "-o", tmp_path / "new.mp4", *STUB, "--data", tmp_path / "d"
        )
        assert told["output"] == str(tmp_path / "new.mkv") and told["already_done"]


def test_two_films_of_one_name_become_two_films(small, tmp_path):
    (tmp_path / "films").mkdir()
    for name in ("film.mp4", "film.mov"):
        (tmp_path / "films" / name).write_bytes(small.read_bytes())
    arguments = ("convert", tmp_path / "films", "-o", tmp_path / "out.d", *STUB,
                 "--data", tmp_path / "d")  # fmt: skip

    first = [film["output"] for film in run_json(*arguments)["films"]]
    again = run_json(*arguments)["films"]

    assert len({*first}) == 2 and all(Path(path).parent == tmp_path / "out.d" for path in first)
    assert all(film["already_done"] for film in again)


def test_a_place_is_checked_before_the_work(tmp_path):
    (tmp_path / "file").touch()

    check_place(tmp_path / "file")
    check_place(tmp_path / "new/folder/film.mp4")
    for place in (tmp_path / "file/film.mp4", tmp_path / ("a" * 300)):
        with pytest.raises(MachineError):
            check_place(place)


# things that happen meanwhile


def test_the_same_film_twice_at_once_is_one_job_and_two_results(scene, tmp_path):
    command = [*COMMAND, "convert", str(scene), *STUB, "--json", "--segment-duration", "1"]
    command += ["--data", str(tmp_path / "d")]
    running = [
        subprocess.Popen([*command, "-o", str(tmp_path / name)], stdout=subprocess.PIPE)
        for name in ("a.mp4", "b.mp4")
    ]

    ended = [process.communicate(timeout=100) and process.returncode for process in running]

    assert ended == [0, 0]
    assert [len(shown(tmp_path / name)) for name in ("a.mp4", "b.mp4")] == [144, 144]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4", "d"]
    left = [path for path in (tmp_path / "d/objects").rglob("*") if path.is_file()]
    assert [path.name for path in left] == ["final.mp4.json"]


def test_what_a_kill_left_beside_the_result_goes_with_the_next_one(tmp_path):
    machine, boot, namespace, _pid, start, token = new_owner().split(".")
    dead = ".".join((machine, boot, namespace, "4194305", start, token))
    left, mine = tmp_path / f".{dead}.stereo-spot", tmp_path / f".{new_owner()}.stereo-spot"
    for path in (left, mine, tmp_path / "made"):
        path.write_bytes(b"film")

    disk.place(tmp_path / "made", tmp_path / "film.mp4")

    assert (tmp_path / "film.mp4").read_bytes() == b"film"
    assert not left.exists() and mine.exists()


def test_a_film_that_was_moved_goes_on_with_its_job(small, tmp_path, machine):
    first, second = tmp_path / "film.mp4", tmp_path / "elsewhere.mp4"
    first.write_bytes(small.read_bytes())
    job = prepare(first, JobOptions(), machine).job
    first.rename(second)

    again = prepare(second, JobOptions(), machine).job
    chunk(job.job_id, machine.services)

    assert again.job_id == job.job_id
    assert machine.services.jobs.get(job.job_id).status is JobStatus.CHUNKING_COMPLETE


def test_progress_counts_the_frames_of_the_cut_not_of_the_film(small, machine):
    job = prepare(small, JobOptions(start_s=0.5), machine).job
    chunk(job.job_id, machine.services)
    row = machine.services.jobs.get(job.job_id)

    assert row.facts.frames == 25
    assert progress_of(row, [], 0.0).frames_total == row.planned_frames == 12


def test_a_segment_whose_news_was_lost_does_not_wait_for_the_sweeper(small, machine):
    job = prepare(small, JobOptions(), machine).job
    chunk(job.job_id, machine.services)
    assert machine.bus.receive(("render",)) is not None  # taken by a worker that forgets it

    prepare(small, JobOptions(), machine)

    assert machine.bus.receive(("render",)) is not None


def test_a_film_that_is_back_is_converted(small, tmp_path, machine):
    film = tmp_path / "film.mp4"
    film.write_bytes(small.read_bytes())
    job = prepare(film, JobOptions(), machine).job
    film.rename(tmp_path / "away")
    with pytest.raises(StereoSpotError):
        chunk(job.job_id, machine.services)
    assert machine.services.jobs.get(job.job_id).status is JobStatus.FAILED
    (tmp_path / "away").rename(film)

    again = prepare(film, JobOptions(), machine)

    assert again.job.status is JobStatus.CREATED and again.job.job_id != job.job_id


def test_a_step_goes_on_when_the_disk_was_full_for_a_moment(tmp_path, machine, monkeypatch):
    bus, loop = machine.bus, StepLoop(machine.bus, machine.services, ("chunk",))
    bus.publish(ChunkRequested(job_id="12345678-1234-1234-1234-123456789abc"))
    tried = []

    def full(message):
        tried.append(message)
        loop.stopping.set()
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(LocalBus, "done", lambda _bus, message: full(message))

    loop.run()

    assert len(tried) == 1


def test_a_clock_set_back_holds_up_no_message(tmp_path, monkeypatch):
    database = Database(tmp_path / "state.db")
    bus = LocalBus(database)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 7200)
    bus.publish(ChunkRequested(job_id="12345678-1234-1234-1234-123456789abc"))
    monkeypatch.undo()

    assert bus.receive(("chunk",)) is not None
    database.close()


def test_a_speed_that_cannot_be_noted_is_forgotten(small, tmp_path, machine):
    job = prepare(small, JobOptions(), machine).job
    chunk(job.job_id, machine.services)
    facts = machine.services.jobs.get(job.job_id).facts

    learn_speed(facts, "classic", 1.0, 1, tmp_path / "gone", frames=25)


def test_an_engine_that_freezes_is_given_up():
    silent = (sys.executable, "-c", "import time; print('{}', flush=True); time.sleep(60)")
    engine = Engine(silent, silence_s=0.5)
    job = EngineJob(
        src="a", dst="b", mezzanine=None, skip_frames=0, n_frames=1, from_time="0/1",
        recipe=Recipe(),
    )  # fmt: skip

    with pytest.raises(StepError) as given_up:
        engine.render(job, lambda _frames: None)

    assert given_up.value.kind is ErrorKind.SEGMENT_FAILED
    engine.close()
