"""`analyze` and `search` on one machine: no service, no account, no server."""

import subprocess
import sys

import pytest
from stereo_spot.adapters.local.folder import FolderObjectStore
from stereo_spot.analysis.offline import text_vector
from stereo_spot.analysis.phash import distance
from stereo_spot.analysis.records import StageState, VideoStatus
from stereo_spot.analysis.search import Found
from stereo_spot.errors import ErrorKind, RequestError, SourceError
from stereo_spot.runtime.analyzer import (
    analyze_file,
    analyze_stored,
    example_query,
    open_analyzer,
    search,
)
from stereo_spot.settings.analyzer import AnalyzerSettings

from tests.analysis.kit import film


@pytest.fixture(scope="module")
def analyzed(tmp_path_factory):
    """One film, analyzed once, for all who only look."""
    folder = tmp_path_factory.mktemp("embedded")
    source = film(folder / "film.mp4", ("red", "green", "blue", "red"), tone=True)
    with open_analyzer(AnalyzerSettings(), folder=folder / "data") as opened:
        yield opened, source, analyze_file(opened, source)


def test_scenes_frames_hashes_and_files_are_kept(analyzed):
    opened, _, contents = analyzed

    assert contents.video.status is VideoStatus.READY
    assert contents.video.duration_sec == pytest.approx(4.8, abs=0.05)
    assert [scene.idx for scene in contents.scenes] == [0, 1, 2, 3]
    assert [f.t_frame for f in contents.frames] == pytest.approx([0.6, 1.8, 3.0, 4.2], abs=0.04)
    for frame in contents.frames:
        assert opened.analyzer.files.path(frame.path).read_bytes()[:3] == b"\xff\xd8\xff"
        assert len(frame.phash) == 16
    assert distance(contents.frames[0].phash, contents.frames[1].phash) > 6


def test_stages_without_a_service_say_so(analyzed):
    _, _, contents = analyzed
    notes = {mark.stage: (mark.state, mark.note) for mark in contents.marks}

    assert notes["transcribe"] == (StageState.SKIPPED, "no speech service is configured")
    assert notes["vision"] == (StageState.SKIPPED, "no vision service is configured")
    assert "offline" in notes["embed"][1]


def test_a_second_run_runs_no_stage_and_changes_nothing(analyzed):
    opened, source, contents = analyzed
    ran = []

    again = analyze_file(opened, source, tell=lambda mark, now: ran.append(now))

    assert again == contents
    assert ran == [False] * 6


def test_a_colour_finds_its_scene(analyzed):
    opened, _, contents = analyzed

    best = search(opened, "something blue")[0]

    assert (best.found_in, best.model) == (Found.COLOURS, "offline-hashed-words-1")
    assert best.t_start == contents.scenes[2].t_start


def test_the_word_that_is_proposed_finds_the_film(analyzed):
    opened, _, contents = analyzed

    assert example_query(opened, contents) == "red"
    assert search(opened, "red")[0].t_start == contents.scenes[0].t_start
    assert example_query(opened, contents.model_copy(update={"frames": ()})) is None


def test_a_colour_is_found_by_each_of_its_names():
    assert text_vector("a grey violet") == text_vector("gray purple")


def test_a_picture_finds_its_scene_and_the_film(analyzed):
    opened, _, contents = analyzed
    picture = opened.analyzer.files.path(contents.frames[1].path).read_bytes()

    best = search(opened, picture)[0]

    assert best.found_in is Found.PICTURE
    assert best.t_start == contents.scenes[1].t_start
    assert best.score > 0.98
    assert best.frame_path == contents.frames[1].path


def test_nothing_to_search_for_and_a_broken_picture_are_refused(analyzed):
    opened, _, _ = analyzed

    for query in ("", "the", b"not a picture", b"\xff\xd8\xff broken"):
        with pytest.raises(RequestError):
            search(opened, query)


def test_a_film_that_changed_is_another_film(analyzed, tmp_path):
    opened, _, contents = analyzed
    other = film(tmp_path / "other.mp4", ("yellow", "purple"), seconds=0.8)

    found = analyze_file(opened, other)

    assert found.video.id != contents.video.id
    assert len(found.scenes) == 2


def test_other_settings_run_only_what_depends_on_them(tmp_path):
    source = film(tmp_path / "film.mp4", ("red", "green", "blue", "yellow"), seconds=0.8)
    with open_analyzer(AnalyzerSettings(), folder=tmp_path / "data") as opened:
        analyze_file(opened, source)
    ran = {}

    fewer = AnalyzerSettings(max_frames_per_video=2)
    with open_analyzer(fewer, folder=tmp_path / "data") as opened:
        contents = analyze_file(
            opened, source, tell=lambda mark, now: ran.update({mark.stage: now})
        )
        left = sorted(p.name for p in (tmp_path / "data/frames").rglob("*.jpg"))

    assert [frame.id[-3:] for frame in contents.frames] == ["000", "003"]
    assert left == ["scene_000.jpg", "scene_003.jpg"]
    assert ran["frames"] and ran["embed"] and not ran["normalize"] and not ran["scenes"]
    assert opened.analyzer.rows.counts()["vectors"] == 4


def test_a_picture_is_kept_once_but_for_the_first_and_the_last(tmp_path):
    colours = ("red", "green", "red", "yellow", "green", "red")
    source = film(tmp_path / "film.mp4", colours, seconds=0.8)

    with open_analyzer(AnalyzerSettings(), folder=tmp_path / "data") as opened:
        contents = analyze_file(opened, source)

    assert [int(frame.id[-3:]) for frame in contents.frames] == [0, 1, 3, 5]
    notes = {mark.stage: mark.note for mark in contents.marks}
    assert (notes["scenes"], notes["frames"]) == ("6 scenes", "4 frames, 2 seen before")


def test_a_film_that_cannot_be_used_is_failed_with_its_reason(tmp_path):
    (tmp_path / "bad.mp4").write_bytes(b"\x00" * 5000)

    with open_analyzer(AnalyzerSettings(), folder=tmp_path / "data") as opened:
        with pytest.raises(SourceError) as refused:
            analyze_file(opened, tmp_path / "bad.mp4")
        with pytest.raises(SourceError) as missing:
            analyze_file(opened, tmp_path / "none.mp4")

    assert refused.value.kind is ErrorKind.SOURCE_NOT_MEDIA
    assert missing.value.kind is ErrorKind.SOURCE_MISSING


def test_importing_the_analyzer_loads_no_model_and_nothing_slow():
    asked = (
        "import sys; import stereo_spot.runtime.analyzer_worker;"
        "print([m for m in ('torch', 'stereo_engine', 'cv2', 'scenedetect', 'openai', 'av',"
        " 'psycopg', 'boto3') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "[]"


def test_the_source_of_a_conversion_is_analyzed_where_it_lies(tmp_path):
    objects = FolderObjectStore(tmp_path / "objects", lambda key: None)
    source = film(tmp_path / "film.mp4", ("red", "green"), seconds=0.7)
    with objects.create("input/job-1/source.mp4", {}) as new:
        new.write_at(0, source.read_bytes())
        new.commit()

    with open_analyzer(AnalyzerSettings(), folder=tmp_path / "data") as opened:
        contents = analyze_stored(
            opened, "job-1", objects=objects, key="input/job-1/source.mp4", title="My film"
        )
        with pytest.raises(SourceError):
            analyze_stored(opened, "job-2", objects=objects, key="input/none.mp4", title="-")

    assert contents.video.original_name == "My film"
    assert len(contents.scenes) == 2


def test_any_file_is_analyzed_into_any_store(tmp_path, aws, bucket, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "t")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "t")
    source = film(tmp_path / "film.mp4", ("red", "green"), seconds=0.7)
    settings = AnalyzerSettings(storage_type="s3", aws_s3_bucket=bucket)

    with open_analyzer(settings, folder=tmp_path / "data") as opened:
        contents = analyze_file(opened, source)
        best = search(opened, "green")[0]

    listed = aws("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert best.t_start == contents.scenes[1].t_start
    assert f"video-processing/metadata/{contents.video.id}/scenes.json" in {
        one["Key"] for one in listed
    }
