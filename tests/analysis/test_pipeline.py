"""The whole pipeline with every source and every storage, a speaking film and a real server."""

import json
import re
from dataclasses import replace
from itertools import product

import pytest
from stereo_spot.analysis.chunks import chunks
from stereo_spot.analysis.options import AnalysisOptions
from stereo_spot.analysis.pipeline import STAGES, analyze_video
from stereo_spot.analysis.ports import Contents
from stereo_spot.analysis.records import StageState, VectorKind, VideoStatus, upload_key
from stereo_spot.analysis.search import Found, search_text
from stereo_spot.analysis.worker import Pace, Worker

from tests.analysis.conftest import SOURCES, STORAGES
from tests.analysis.kit import analyzer_of, film, store
from tests.analysis.openai_server import SPOKEN, vector_of

PACE = Pace(poll_s=0.01, longest_s=0.05, heartbeat_s=0.3)


def text_of(files, key):
    reader = files.open(key)
    try:
        return reader.read_at(0, reader.size).decode()
    finally:
        reader.close()


def check_rows(analyzer, contents: Contents, server):
    """Every table holds what the film and the server say, each vector on its own row."""
    assert contents.video.status is VideoStatus.READY
    assert contents.video.duration_sec == pytest.approx(4.0, abs=0.1)
    assert [scene.t_start for scene in contents.scenes] == pytest.approx([0, 1, 2, 3], abs=0.05)
    assert [frame.scene_id for frame in contents.frames] == [s.id for s in contents.scenes]
    assert [(s.t_start, s.t_end, s.text) for s in contents.transcript] == list(SPOKEN)
    colours = ["red", "green", "blue", "yellow"]
    assert [c.caption for c in contents.captions] == [f"A plainly {c} scene." for c in colours]
    assert contents.captions[0].entities.controls[0].units == "bar"
    assert analyzer.rows.counts() == {
        "videos": 1, "scenes": 4, "frames": 4, "transcript_segments": 3, "frame_captions": 4,
        "vectors": 15,
    }  # fmt: skip
    wanted = [
        (VectorKind.TRANSCRIPT, chunk.text, set(chunk.row_ids))
        for chunk in chunks(contents.transcript, contents.scenes)
    ] + [(VectorKind.CAPTION, c.words, {c.id}) for c in contents.captions]
    for kind, text, rows in wanted:
        near = analyzer.rows.nearest(kind, "text-embedding-3-small", vector_of(text), limit=9)
        assert {n.row_id for n in near if n.score > 0.99} == rows
    assert server.refused == []


def check_files(analyzer, contents: Contents):
    srt = text_of(analyzer.files, f"subs/{contents.video.id}.srt")
    times = re.findall(r"^(\d\d:\d\d:\d\d,\d{3}) --> (\d\d:\d\d:\d\d,\d{3})$", srt, re.M)
    assert len(times) == 3 and srt.startswith("1\n00:00:00,100 --> 00:00:00,500\nThe red car")
    assert text_of(analyzer.files, f"subs/{contents.video.id}.vtt").startswith("WEBVTT\n\n00:00")
    for frame in contents.frames:
        reader = analyzer.files.open(frame.path)
        assert reader.read_at(0, 3) == b"\xff\xd8\xff"
        reader.close()


@pytest.mark.parametrize(
    ("source", "place"),
    [("local", "local"), *product([name for name in SOURCES if name != "local"], STORAGES)],
)
def test_every_source_with_every_storage(
    source, place, open_feed, open_storage, providers, server, talking, tmp_path
):
    analyzer = analyzer_of(open_storage(place), providers, tmp_path)
    feed = open_feed(source)
    video_id = store(analyzer, talking)
    worker = Worker(feed.source, analyzer, PACE)
    feed.add("job-1", video_id)

    assert worker.step()

    contents = analyzer.rows.contents(video_id)
    check_rows(analyzer, contents, server)
    check_files(analyzer, contents)

    calls = dict(server.calls)
    feed.add("job-2", video_id)
    assert worker.step()
    assert not worker.step()
    assert analyzer.rows.contents(video_id) == contents
    assert server.calls == calls
    assert (worker.stats.processed, worker.stats.failed) == (2, 0)


def test_ids_and_places_in_s3_are_those_that_others_read(
    open_storage, providers, talking, tmp_path, aws, bucket
):
    analyzer = analyzer_of(open_storage("s3"), providers, tmp_path)
    analyze_video(analyzer, store(analyzer, talking, "v"))

    def body(key):
        found = aws("s3").get_object(Bucket=bucket, Key=f"video-processing/{key}")
        return json.loads(found["Body"].read())

    assert body("metadata/v/video_info.json")["status"] == "ready"
    assert body("metadata/v/scenes.json")[3]["id"] == "v_scene_003"
    assert body("metadata/v/frames.json")[3]["id"] == "v_frame_003"
    assert body("metadata/v/transcript.json")[2]["id"] == "v_segment_002"
    assert body("captions/v_frame_003_caption.json")["frame_id"] == "v_frame_003"
    for key in ("transcript/v_segment_002", "frames/v_frame_003_caption"):
        vector = body(f"embeddings/{key}.json")
        assert vector["dimensions"] == len(vector["embedding"]) == 1536
    assert body("captions/v_frame_000_caption.json")["entities"] == {
        "controls": [{"label": "oil", "kind": "gauge", "reading": "4", "units": "bar"}],
        "text_on_screen": [{"text": "SIGN red", "confidence": 0.9}],
    }


def test_words_find_what_was_said_and_what_was_described(embedded, talking, providers):
    video_id = store(embedded, talking)
    analyze_video(embedded, video_id)

    said = search_text(embedded.rows, providers.embedder, "water runs under")[0]
    seen = search_text(embedded.rows, providers.embedder, "sign blue", video_id=video_id)[0]

    assert (said.found_in, said.t_start) == (Found.SPEECH, 0.7)
    assert (seen.found_in, seen.t_start) == (Found.CAPTION, pytest.approx(2.0, abs=0.05))


@pytest.mark.parametrize("options", [{"transcribe": False}, {"vision": False}, {"embed": False},
                                     {"normalize": False}])  # fmt: skip
def test_each_stage_can_be_switched_off_and_the_rest_still_works(embedded, talking, options):
    analyzer = replace(embedded, options=AnalysisOptions(**options))
    video_id = store(analyzer, talking)

    contents = analyze_video(analyzer, video_id)

    states = {mark.stage: mark.state for mark in contents.marks}
    off = {name for name, state in states.items() if state is StageState.SKIPPED}
    assert off == {*options} | ({"transcribe"} if "normalize" in options else set())
    assert len(states) == len(STAGES)
    assert len(contents.scenes) == len(contents.frames) == 4
    assert contents.video.duration_sec == pytest.approx(4.0, abs=0.1)


def test_a_stage_switched_on_later_runs_then_and_alone(embedded, talking, server):
    video_id = store(embedded, talking)
    analyze_video(replace(embedded, options=AnalysisOptions(transcribe=False)), video_id)
    ran = {}

    analyze_video(embedded, video_id, tell=lambda mark, now: ran.update({mark.stage: now}))

    assert [name for name, now in ran.items() if now] == ["transcribe", "embed"]
    assert server.calls["completions"] == 4


def test_another_film_under_the_same_name_replaces_every_row(embedded, talking, tmp_path):
    video_id = store(embedded, talking)
    analyze_video(embedded, video_id)
    other = film(tmp_path / "other.mp4", ("purple", "orange"), seconds=0.8)
    embedded.files.put(upload_key(video_id, "talking.mp4"), other.read_bytes())

    contents = analyze_video(embedded, video_id)

    assert len(contents.scenes) == len(contents.frames) == len(contents.captions) == 2
    assert contents.transcript == ()
    assert contents.captions[0].caption == "A plainly purple scene."
    assert embedded.rows.counts()["vectors"] == 6


def test_a_lost_normalized_film_is_made_again(embedded, talking):
    video_id = store(embedded, talking)
    analyze_video(embedded, video_id)
    embedded.files.keep_only(f"processed/{video_id}/", [])
    ran = {}

    analyze_video(embedded, video_id, tell=lambda mark, now: ran.update({mark.stage: now}))

    assert [name for name, now in ran.items() if now] == ["normalize"]
