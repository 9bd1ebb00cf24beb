"""What the analyzer's ancestor got wrong, one test each."""

import json
import re
from contextlib import closing

import psycopg
import pytest
from stereo_spot.analysis.chunks import chunks
from stereo_spot.analysis.errors import ProviderError
from stereo_spot.analysis.phash import distance
from stereo_spot.analysis.pipeline import analyze_video
from stereo_spot.analysis.records import VectorKind, VideoStatus, normalized_key
from stereo_spot.analysis.worker import Pace, Worker
from stereo_spot.runtime.analyzer import open_analyzer
from stereo_spot.settings.analyzer import AnalyzerSettings

from tests.analysis.kit import analyzer_of, film, store
from tests.analysis.openai_server import chat, vector_of

PACE = Pace(poll_s=0.01, longest_s=0.02, max_attempts=2)
BROKEN = (500, {}, {"error": {"message": "boom"}})
MODEL = "text-embedding-3-small"


@pytest.fixture
def silent(tmp_path):
    """A film without sound, as bytes."""
    return film(tmp_path / "silent.mp4", ("red", "blue"), seconds=0.7).read_bytes()


def test_defect_a_video_without_audio_fails_at_normalize(embedded, silent, server):
    contents = analyze_video(embedded, store(embedded, silent))

    notes = {mark.stage: mark.note for mark in contents.marks}
    assert contents.video.status is VideoStatus.READY
    assert "without sound" in notes["normalize"]
    assert notes["transcribe"] == "the film has no sound"
    assert server.calls["transcriptions"] == 0


def test_defect_srt_is_written_with_a_point_before_the_milliseconds(embedded, talking):
    analyze_video(embedded, store(embedded, talking))

    with closing(embedded.files.open("subs/film-1.srt")) as file:
        text = file.read_at(0, file.size).decode()
    assert len(re.findall(r"\d\d:\d\d:\d\d,\d{3}", text)) == 6
    assert not re.search(r"\d\d:\d\d:\d\d\.\d", text)


def test_defect_hash_distance_counts_hex_digits():
    assert distance("f" * 16, "0" * 16) == 64
    assert distance("000000000000000f", "0000000000000000") == 4
    assert distance("1111110000000000", "0000000000000000") == 6


def test_defect_transcript_vector_i_is_taken_from_scene_chunk_i(embedded, talking):
    contents = analyze_video(embedded, store(embedded, talking))

    made = chunks(contents.transcript, contents.scenes)
    assert len(made) != len(contents.transcript)
    for chunk in made:
        near = embedded.rows.nearest(VectorKind.TRANSCRIPT, MODEL, vector_of(chunk.text), limit=9)
        assert {n.row_id for n in near if n.score > 0.99} == set(chunk.row_ids)


@pytest.mark.parametrize("fault", [BROKEN, (200, {}, chat("sorry, I can't help with that"))])
def test_defect_api_errors_are_stored_as_captions_and_embedded(embedded, silent, server, fault):
    server.faults["completions"] += [fault] * 4
    video_id = store(embedded, silent)

    with pytest.raises(ProviderError):
        analyze_video(embedded, video_id)

    assert embedded.rows.contents(video_id).captions == ()
    assert server.calls["embeddings"] == 0


def test_defect_caption_insert_has_no_conflict_rule_so_a_retry_fails(
    open_storage, providers, silent, tmp_path, server
):
    analyzer = analyzer_of(open_storage("postgres"), providers, tmp_path, vision_concurrent=1)
    video_id = store(analyzer, silent)
    server.faults["completions"] += [(200, {}, chat(json.dumps({"caption": "ok"}))), BROKEN, BROKEN]
    with pytest.raises(ProviderError, match="1 of 2 frames"):
        analyze_video(analyzer, video_id)
    assert [c.caption for c in analyzer.rows.contents(video_id).captions] == ["ok"]

    contents = analyze_video(analyzer, video_id)
    analyzer.rows.save_captions(video_id, contents.captions)

    assert [c.caption for c in contents.captions] == ["ok", "A plainly blue scene."]
    assert server.calls["completions"] == 4
    assert analyzer.rows.counts()["frame_captions"] == 2


def test_defect_transcription_off_leaves_the_normalized_path_undefined(
    open_storage, providers, silent, tmp_path
):
    analyzer = analyzer_of(open_storage("local"), providers, tmp_path, transcribe=False)

    contents = analyze_video(analyzer, store(analyzer, silent))

    assert contents.video.normalized_path == normalized_key("film-1")
    assert len(contents.frames) == 2


def test_defect_stats_joins_multiply_counts(open_storage, providers, talking, silent, tmp_path):
    analyzer = analyzer_of(open_storage("postgres"), providers, tmp_path)
    analyze_video(analyzer, store(analyzer, talking))
    analyze_video(analyzer, store(analyzer, silent, "film-2"))

    assert analyzer.rows.counts() == {
        "videos": 2, "scenes": 6, "frames": 6, "transcript_segments": 3, "frame_captions": 6,
        "vectors": 21,
    }  # fmt: skip


def test_defect_a_fixed_log_folder_ignores_data_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.chdir(tmp_path)

    with open_analyzer(AnalyzerSettings()) as opened:
        assert opened.settings.folder == tmp_path / "elsewhere"

    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]


@pytest.mark.parametrize("place", ["local", "postgres", "s3"])
def test_defect_a_failed_job_leaves_the_video_processing(
    open_storage, open_feed, providers, tmp_path, place
):
    analyzer = analyzer_of(open_storage(place), providers, tmp_path)
    feed = open_feed("postgres" if place == "postgres" else "local")
    store(analyzer, b"\x00" * 5000)
    feed.add("job-1", "film-1")

    assert Worker(feed.source, analyzer, PACE).step()

    video = analyzer.rows.contents("film-1").video
    assert (video.status, video.error[:16]) == (VideoStatus.FAILED, "source_not_media")
    assert feed.source.peek()[0] == {"failed": 1}


def test_defect_a_job_that_is_processing_is_never_reclaimed(open_feed, database_url):
    feed = open_feed("postgres", 0.2)
    feed.add("job-1", "film-1")
    feed.source.claim()
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE jobs SET lease_until = now() - interval '1 second'")
    feed.source._swept = -10.0

    assert feed.source.claim().attempts == 2


def test_defect_worker_max_attempts_is_read_and_never_used(embedded, open_feed, silent, server):
    server.faults["completions"] += [BROKEN] * 99
    feed = open_feed("local")
    store(embedded, silent)
    feed.add("job-1", "film-1")
    worker = Worker(feed.source, embedded, PACE)

    assert worker.step()
    assert embedded.rows.contents("film-1").video.status is VideoStatus.UPLOADED
    while not worker.step():
        pass

    video = embedded.rows.contents("film-1").video
    assert video.status is VideoStatus.FAILED and "boom" in video.error
    assert feed.source.peek()[0] == {"failed": 1}
    assert (worker.stats.retried, worker.stats.failed) == (1, 1)


def test_text_with_a_character_that_no_database_takes_is_stored_without_it(
    open_storage, providers, talking, tmp_path, server
):
    said = {"caption": "A red\0 scene.", "text_on_screen": [{"text": "ST\0OP", "confidence": 1}]}
    said["controls"] = [{"label": "o\0il", "kind": "gauge", "reading": "4\0", "units": None}]
    server.faults["completions"] += [(200, {}, chat(json.dumps(said)))] * 4
    heard = {
        "text": "",
        "segments": [{"start": 0, "end": 1, "text": text} for text in ("a\0b", "\0")],
    }
    server.faults["transcriptions"] += [(200, {}, heard)]
    analyzer = analyzer_of(open_storage("postgres"), providers, tmp_path)

    contents = analyze_video(analyzer, store(analyzer, talking))

    assert [c.words for c in contents.captions] == ["A red scene. oil STOP"] * 4
    assert [s.text for s in contents.transcript] == ["ab"]


def test_a_reason_with_a_character_that_no_database_takes_is_stored(
    open_storage, open_feed, providers, talking, tmp_path, server
):
    server.faults["transcriptions"] += [(400, {}, {"error": {"message": "no\0no"}})]
    analyzer = analyzer_of(open_storage("postgres"), providers, tmp_path)
    store(analyzer, talking)
    feed = open_feed("postgres")
    feed.add("job-1", "film-1")

    assert Worker(feed.source, analyzer, Pace(max_attempts=1)).step()

    assert "nono" in analyzer.rows.contents("film-1").video.error
    assert feed.source.peek()[0] == {"failed": 1}
