"""`stereo-spot analyze` and `search` as a person runs them."""

from pathlib import Path

import pytest

from tests.analysis.kit import film
from tests.flow.command import run, run_json


@pytest.fixture(scope="module")
def analyzed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("analyzed")
    source = film(folder / "Three colours.mp4", ("red", "green", "blue"), seconds=0.8)
    return folder / "data", run_json("analyze", source, "--data", folder / "data")


def test_everything_is_told_as_json_with_its_stages_in_order(analyzed):
    _, found = analyzed

    assert found["ok"] and len(found["scenes"]) == len(found["frames"]) == 3
    assert [mark["stage"] for mark in found["marks"]] == [
        "normalize", "transcribe", "scenes", "frames", "vision", "embed",
    ]  # fmt: skip
    assert all(len(frame["phash"]) == 16 for frame in found["frames"])


def test_frames_are_in_the_data_folder(analyzed):
    data, found = analyzed

    assert found["folder"] == str(data / "analysis")
    for frame in found["frames"]:
        assert (data / "analysis" / frame["path"]).read_bytes()[:3] == b"\xff\xd8\xff"


def test_words_and_pictures_find_their_moment(analyzed):
    data, found = analyzed
    picture = data / "analysis" / found["frames"][1]["path"]

    words = run_json("search", "something blue", "--data", data)["hits"][0]
    alike = run_json("search", "--like", picture, "--data", data)["hits"][0]

    assert words["t_start"] == found["scenes"][2]["t_start"]
    assert alike["t_start"] == found["scenes"][1]["t_start"] and alike["score"] > 0.98
    assert run("search", "blue", "--data", data).stdout.startswith("  0:01.60  Three colours.mp4")


def test_a_person_is_told_what_came_of_it_and_where_it_lies(analyzed):
    data, _ = analyzed

    told = run("analyze", data.parent / "Three colours.mp4", "--data", data)

    assert told.stdout.startswith("3 scenes, 3 pictures; pictures in ")
    assert len(list(Path(told.stdout.split(" in ")[-1].strip()).glob("*.jpg"))) == 3
    assert "transcribe   skipped (known already): no speech service is configured" in told.stderr
    nothing = run("search", "qwertyuiop", "--data", data).stderr
    assert nothing.startswith("Nothing found.") and "analyze" not in nothing


@pytest.mark.parametrize("words", [[], ["the"], ["blue", "--like", __file__], ["--like", __file__]])
def test_nothing_to_search_for_and_what_is_no_picture(analyzed, words):
    data, _ = analyzed

    told = run_json("search", *words, "--data", data, expect=2)

    assert told["ok"] is False and told["error_kind"] == "bad_request"


def test_a_missing_picture_and_a_missing_film(analyzed):
    data, _ = analyzed

    picture = run_json("search", "--like", data / "none.jpg", "--data", data, expect=2)
    source = run_json("analyze", data / "none.mp4", "--data", data, expect=2)

    assert picture["error_kind"] == source["error_kind"] == "source_missing"


def test_a_setting_that_does_not_hold_is_named_without_its_value(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKER_POLL_MS", "secret")

    for command in (("search", "red"), ("serve", "--port", "0")):
        told = run(*command, "--data", tmp_path, expect=2)

        assert told.stderr.startswith("bad_request: WORKER_POLL_MS: ")
        assert "secret" not in told.stderr


def test_an_empty_library_says_what_to_do(tmp_path):
    assert run_json("search", "red", "--data", tmp_path)["hits"] == []
    assert "stereo-spot analyze" in run("search", "red", "--data", tmp_path).stderr
