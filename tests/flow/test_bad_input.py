"""Bad input: one clear line with its kind, the right exit code, nothing left behind."""

import os
import socket
import subprocess

import pytest

from tests.flow.command import kill_tree, run, run_json, start
from tests.media.kit import Film, Sound, make


def refused(tmp_path, *arguments, code=2):
    """Run something that is refused; returns the kind."""
    told = run_json(*arguments, "--data", tmp_path / "d", expect=code)
    assert told["ok"] is False and told["message"]
    return told["error_kind"]


def test_a_person_reads_one_line_with_the_kind(tmp_path):
    told = run("convert", tmp_path / "no.mp4", "--data", tmp_path / "d", expect=2)

    assert told.stderr == f"source_missing: there is no file {tmp_path / 'no.mp4'}\n"
    assert told.stdout == ""


def left_behind(tmp_path):
    objects = tmp_path / "d/objects"
    return [path for path in objects.rglob("*") if path.is_file()] if objects.exists() else []


def test_a_missing_file(tmp_path):
    assert refused(tmp_path, "convert", tmp_path / "no.mp4") == "source_missing"


def test_an_empty_file(tmp_path):
    (tmp_path / "empty.mp4").touch()

    assert refused(tmp_path, "convert", tmp_path / "empty.mp4") == "source_empty"
    assert left_behind(tmp_path) == []


def test_text_named_mp4(tmp_path):
    (tmp_path / "text.mp4").write_text("this is no film\n" * 100)

    assert refused(tmp_path, "convert", tmp_path / "text.mp4") == "source_not_media"
    assert left_behind(tmp_path) == []


def test_sound_alone(tmp_path):
    film = make(tmp_path, Film(name="sound.mp4", frames=25, sounds=(Sound(),)))
    import av

    with av.open(str(film)) as source, av.open(str(tmp_path / "only.mp4"), "w") as out:
        stream = out.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)

    assert refused(tmp_path, "convert", tmp_path / "only.mp4") == "source_no_video"


def test_a_folder_without_films(tmp_path):
    (tmp_path / "films").mkdir()

    assert refused(tmp_path, "convert", tmp_path / "films") == "source_missing"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_cannot_be_read(tmp_path):
    (tmp_path / "films").mkdir(mode=0o000)

    assert refused(tmp_path, "convert", tmp_path / "films") == "source_unreadable"


def test_the_film_itself_as_its_result(scene, tmp_path):
    assert refused(tmp_path, "convert", scene, "-o", scene) == "bad_request"


@pytest.mark.parametrize(
    "option",
    [("--max-disparity", "9"), ("--convergence", "2"), ("--crf", "99"), ("--codec", "vp9"),
     ("--segment-duration", "0.1"), ("--start", "3", "--end", "2"), ("--workers", "0")],
)  # fmt: skip
def test_an_option_out_of_range_is_named(scene, tmp_path, option):
    assert refused(tmp_path, "convert", scene, *option) == "bad_request"


def test_a_place_that_cannot_be_written(scene, tmp_path):
    (tmp_path / "file").touch()

    kind = refused(
        tmp_path, "convert", scene, "-o", tmp_path / "file/o.mp4", "--end", "0.5", code=1
    )

    assert kind == "output_unwritable"


def test_a_busy_port(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = run("serve", "--port", taken.getsockname()[1], "--data", tmp_path / "d", expect=1)

    assert told.stderr.startswith("port_in_use: ")


def test_a_second_server_on_the_same_data(tmp_path):
    first = subprocess.Popen(
        [*__import__("tests.flow.command", fromlist=["COMMAND"]).COMMAND,
         "serve", "--port", "0", "--data", str(tmp_path / "d")],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert "http://127.0.0.1:" in first.stderr.readline()

        told = run("serve", "--port", 0, "--data", tmp_path / "d", expect=1)

        assert told.stderr.startswith("data_in_use: ")
    finally:
        kill_tree(first)
        first.stderr.close()


def test_an_address_that_others_could_reach(tmp_path):
    told = run("serve", "--host", "0.0.0.0", "--data", tmp_path / "d", expect=2)

    assert told.stderr.startswith("bad_request: ")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 48 MiB, where it may be mounted."""
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(place)],
        check=False, capture_output=True,
    )  # fmt: skip
    if made.returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_leaves_nothing_and_the_next_run_works(scene, small_disk, tmp_path):
    filler = small_disk / "filler"
    filler.write_bytes(bytes(40 << 20))
    arguments = ("convert", scene, "-o", tmp_path / "o.mp4", "--data", small_disk / "d")

    told = run_json(*arguments, expect=1)

    assert told["error_kind"] == "disk_full"
    assert [p for p in (small_disk / "d/objects").rglob("*") if p.is_file()] == []
    filler.unlink()
    assert run_json(*arguments)["frames"] == 144


def test_jobs_of_an_unknown_id(tmp_path):
    told = run_json("jobs", "show", "nothing", "--data", tmp_path / "d", expect=2)

    assert told["error_kind"] == "not_found"


def test_start_of_the_command_costs_no_heavy_import():
    code = (
        "import sys; import stereo_spot.cli.main;"
        "bad = {'torch', 'cv2', 'numba', 'boto3', 'openai'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([__import__("sys").executable, "-c", code], check=True)


def test_started_and_stopped_at_once_leaves_no_process(scene, tmp_path):
    process = start("convert", scene, "--data", tmp_path / "d", "-o", tmp_path / "o.mp4")
    kill_tree(process)

    found = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True)
    assert found.stdout == ""
