"""The contract of `ResultRows` and `ResultFiles`, on every storage."""

import math

import pytest
from stereo_spot.analysis.records import (
    DIMENSIONS,
    Caption,
    Control,
    Entities,
    Frame,
    Scene,
    StageMark,
    StageState,
    TextSeen,
    TranscriptSegment,
    Vector,
    VectorKind,
    Video,
    VideoStatus,
)
from stereo_spot.errors import ErrorKind, RequestError, SourceError

VIDEO = Video(id="v", original_path="uploads/v_a.mp4", original_name="a.mp4", size_bytes=7)


def scene(i, video="v"):
    return Scene(
        id=f"{video}_scene_{i:03d}", video_id=video, idx=i, t_start=float(i), t_end=i + 1.0
    )


def frame(i, video="v", phash="00ff00ff00ff00ff"):
    return Frame(
        id=f"{video}_frame_{i:03d}",
        scene_id=f"{video}_scene_{i:03d}",
        t_frame=i + 0.5,
        path=f"frames/{video}/scene_{i:03d}.jpg",
        phash=phash,
    )


def said(i, text="words", start=None, video="v"):
    start = float(i) if start is None else start
    return TranscriptSegment(
        id=f"{video}_segment_{i:03d}", video_id=video, t_start=start, t_end=start + 1, text=text
    )


def caption(i, text="a red car", video="v"):
    return Caption(
        id=f"{video}_frame_{i:03d}_caption",
        frame_id=f"{video}_frame_{i:03d}",
        caption=text,
        entities=Entities(
            controls=(Control(label="oil", kind="gauge", reading="4", units="bar"),),
            text_on_screen=(TextSeen(text="STOP", confidence=0.9),),
        ),
        made_by="m",
    )


def vector(kind, row, angle, model="m", video="v"):
    values = (math.cos(angle), math.sin(angle), *([0.0] * (DIMENSIONS - 2)))
    return Vector(kind=kind, row_id=row, video_id=video, model=model, values=values)


def direction(angle):
    return vector(VectorKind.PICTURE, "x", angle).values


@pytest.fixture
def rows(storage):
    """Rows of one film with two scenes."""
    storage.rows.save_video(VIDEO)
    storage.rows.replace("v", Scene, [scene(0), scene(1)])
    storage.rows.replace("v", Frame, [frame(0), frame(1)])
    storage.rows.replace("v", TranscriptSegment, [said(0), said(1)])
    storage.rows.save_captions("v", [caption(0), caption(1)])
    return storage.rows


class TestResultRows:
    def test_an_unknown_film_is_none(self, storage):
        assert storage.rows.contents("nobody") is None

    def test_a_row_comes_back_as_it_was_stored(self, rows):
        rows.mark("v", StageMark(stage="scenes", basis="b", state=StageState.DONE, note="2"))

        found = rows.contents("v")

        assert found.video == VIDEO
        assert found.scenes == (scene(0), scene(1))
        assert found.frames == (frame(0), frame(1))
        assert found.transcript == (said(0), said(1))
        assert found.captions == (caption(0), caption(1))
        assert found.marks == (
            StageMark(stage="scenes", basis="b", state=StageState.DONE, note="2"),
        )

    def test_writing_everything_twice_doubles_nothing(self, rows):
        before = (rows.contents("v"), rows.counts())
        vectors = [vector(VectorKind.CAPTION, caption(0).id, 0.1)]
        for _ in range(2):
            rows.save_video(VIDEO)
            rows.replace("v", Scene, [scene(0), scene(1)])
            rows.replace("v", Frame, [frame(0), frame(1)])
            rows.replace("v", TranscriptSegment, [said(0), said(1)])
            rows.save_captions("v", [caption(0), caption(1)])
            rows.save_vectors(vectors)

        assert rows.contents("v") == before[0]
        assert rows.counts() == {**before[1], "vectors": 1}

    def test_a_changed_film_keeps_its_rows(self, rows):
        changed = VIDEO.model_copy(
            update={"status": VideoStatus.FAILED, "error": "why", "duration_sec": 2.5}
        )

        rows.save_video(changed)

        assert rows.contents("v").video == changed
        assert len(rows.contents("v").scenes) == 2

    def test_fewer_scenes_take_their_frames_captions_and_vectors_with_them(self, rows):
        rows.save_vectors(
            [
                vector(VectorKind.PICTURE, frame(0).id, 0.0),
                vector(VectorKind.PICTURE, frame(1).id, 0.0),
                vector(VectorKind.CAPTION, caption(1).id, 0.0),
            ]
        )

        rows.replace("v", Scene, [scene(0)])

        found = rows.contents("v")
        assert (found.frames, found.captions) == ((frame(0),), (caption(0),))
        assert rows.counts()["vectors"] == 1
        assert [
            n.row_id for n in rows.nearest(VectorKind.CAPTION, "m", direction(0), limit=5)
        ] == []

    def test_a_film_is_forgotten_with_all_its_rows(self, rows):
        rows.mark("v", StageMark(stage="scenes", basis="b", state=StageState.DONE))
        rows.save_vectors([vector(VectorKind.PICTURE, frame(0).id, 0.0)])

        for _ in range(2):
            rows.forget("v")

        assert rows.contents("v") is None
        assert set(rows.counts().values()) == {0}

    def test_a_new_transcript_may_move_times_between_rows(self, rows):
        swapped = [said(0, "b", start=1.0), said(1, "a", start=0.0), said(2, "c")]

        rows.replace("v", TranscriptSegment, swapped)

        found = rows.contents("v").transcript
        assert sorted(found, key=lambda row: row.id) == swapped

    def test_another_film_is_never_touched(self, rows):
        rows.save_video(VIDEO.model_copy(update={"id": "v_frame_000"}))
        rows.replace("v_frame_000", Scene, [scene(0, "v_frame_000")])
        rows.replace("v_frame_000", Frame, [frame(0, "v_frame_000")])
        rows.save_captions("v_frame_000", [caption(0, video="v_frame_000")])

        rows.replace("v", Scene, [])

        assert rows.contents("v").captions == ()
        other = rows.contents("v_frame_000")
        assert (len(other.scenes), len(other.frames), len(other.captions)) == (1, 1, 1)

    def test_the_nearest_come_first_and_only_of_the_same_model(self, rows):
        kind = VectorKind.TRANSCRIPT
        rows.save_vectors([vector(kind, said(0).id, 0.1), vector(kind, said(1).id, 0.9)])

        near = rows.nearest(kind, "m", direction(0.0), limit=5)

        assert [(n.row_id, n.video_id) for n in near] == [(said(0).id, "v"), (said(1).id, "v")]
        assert near[0].score == pytest.approx(math.cos(0.1), abs=1e-3)
        assert rows.nearest(kind, "other", direction(0.0), limit=5) == []
        assert len(rows.nearest(kind, "m", direction(0.0), limit=1)) == 1

    @pytest.mark.parametrize("kind", list(VectorKind))
    def test_every_kind_of_vector_is_found_within_its_film(self, rows, kind):
        row = {VectorKind.TRANSCRIPT: said(0).id, VectorKind.CAPTION: caption(0).id}
        row_id = row.get(kind, frame(0).id)

        rows.save_vectors([vector(kind, row_id, 0.2)])

        near = rows.nearest(kind, "m", direction(0.2), limit=5, video_id="v")
        assert [n.row_id for n in near] == [row_id]
        assert rows.nearest(kind, "m", direction(0.2), limit=5, video_id="w") == []

    def test_a_replaced_vector_is_found_by_its_new_direction_only(self, rows):
        kind = VectorKind.PICTURE
        rows.save_vectors([vector(kind, frame(0).id, 0.0), vector(kind, frame(1).id, 0.5)])
        rows.nearest(kind, "m", direction(0.0), limit=1)

        rows.save_vectors([vector(kind, frame(0).id, 1.5)])

        assert rows.nearest(kind, "m", direction(0.0), limit=1)[0].row_id == frame(1).id


class TestResultFiles:
    def test_a_file_comes_back_and_may_be_replaced(self, storage, tmp_path):
        (tmp_path / "big").write_bytes(b"from a path")

        storage.files.put("frames/v/a.jpg", b"first")
        storage.files.put("frames/v/a.jpg", tmp_path / "big")

        found = storage.files.open("frames/v/a.jpg")
        assert found.read_at(0, found.size) == b"from a path"
        assert found.read_at(5, 2) == b"a "
        found.close()

    def test_a_file_that_is_not_there_is_none(self, storage):
        assert storage.files.open("frames/v/none.jpg") is None

    def test_only_what_is_kept_stays_under_a_prefix(self, storage):
        for name in ("frames/v/a.jpg", "frames/v/b.jpg", "frames/w/a.jpg"):
            storage.files.put(name, b"x")

        storage.files.keep_only("frames/v/", ["frames/v/b.jpg"])

        there = [
            name
            for name in ("frames/v/a.jpg", "frames/v/b.jpg", "frames/w/a.jpg")
            if (file := storage.files.open(name)) and (file.close() or True)
        ]
        assert there == ["frames/v/b.jpg", "frames/w/a.jpg"]

    def test_a_film_has_a_version_that_changes_with_it(self, storage):
        storage.files.put("uploads/v_a.mp4", b"one")
        reader, first = storage.files.source("uploads/v_a.mp4")
        reader.close()
        storage.files.put("uploads/v_a.mp4", b"two!")

        reader, second = storage.files.source("uploads/v_a.mp4")

        assert first != second
        assert reader.read_at(0, 10) == b"two!"
        reader.close()

    def test_a_missing_film_is_missing(self, storage):
        with pytest.raises(SourceError) as refused:
            storage.files.source("uploads/none.mp4")

        assert refused.value.kind is ErrorKind.SOURCE_MISSING

    @pytest.mark.parametrize(
        "path", ["../outside.mp4", "uploads/../../outside.mp4", "/etc/hostname", "a/\x00b"]
    )
    def test_a_path_outside_the_place_of_films_is_refused(self, storage, tmp_path, path):
        (tmp_path / "outside.mp4").write_bytes(b"secret")

        with pytest.raises((RequestError, SourceError)) as refused:
            storage.files.source(path)

        assert refused.value.kind in (ErrorKind.BAD_REQUEST, ErrorKind.SOURCE_MISSING)


def test_a_link_out_of_the_folder_is_refused(open_storage, tmp_path):
    storage = open_storage("local")
    (tmp_path / "outside.mp4").write_bytes(b"secret")
    (tmp_path / "data" / "link.mp4").symlink_to(tmp_path / "outside.mp4")

    with pytest.raises(RequestError) as refused:
        storage.files.source("link.mp4")

    assert refused.value.kind is ErrorKind.BAD_REQUEST
