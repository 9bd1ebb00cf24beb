"""The contract of `ObjectStore`."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from stereo_spot.errors import ErrorKind, RequestError, SourceError


def put(objects, key, body=b"body", **metadata):
    with objects.create(key, metadata) as new:
        new.write_at(0, body)
        return new.commit()


class TestObjectStore:
    def test_an_object_comes_back_with_its_metadata(self, objects, stored_keys):
        info = put(objects, "jobs/a/x.mp4", b"hello", n_frames="24")

        assert objects.head("jobs/a/x.mp4") == info
        assert (info.size, info.metadata) == (5, {"n_frames": "24"})
        reader = objects.open("jobs/a/x.mp4", etag=info.etag)
        assert (reader.size, reader.read_at(1, 3), reader.read_at(3, 99)) == (5, b"ell", b"lo")
        place = bytearray(4)
        assert reader.read_into(3, memoryview(place)) == 2 and place == b"lo\0\0"
        assert reader.read_into(9, memoryview(place)) == 0
        reader.close()
        assert stored_keys == ["jobs/a/x.mp4"]

    def test_the_first_writer_wins_and_nothing_changes(self, objects, stored_keys):
        first = put(objects, "k", b"first")

        assert put(objects, "k", b"second") is None
        assert objects.head("k") == first
        assert stored_keys == ["k"]

    def test_of_many_writers_at_once_one_wins(self, objects):
        with ThreadPoolExecutor(8) as pool:
            tried = [pool.submit(put, objects, "k", bytes([n])) for n in range(16)]

        won = [attempt.result() for attempt in tried if attempt.result() is not None]
        assert len(won) == 1 and objects.head("k") == won[0]

    def test_without_commit_nothing_appears(self, objects, stored_keys):
        with objects.create("k", {}) as new:
            new.write_at(0, b"half")

        assert objects.head("k") is None
        assert list(objects.list("")) == []
        assert stored_keys == []

    def test_the_head_may_be_written_last(self, objects):
        with objects.create("k", {}) as new:
            new.head_bytes = 4
            new.write_at(0, b"....")
            new.write_at(4, b"tail")
            new.write_at(0, b"head")
            new.commit()

        reader = objects.open("k")
        assert reader.read_at(0, 99) == b"headtail"
        reader.close()

    def test_reading_what_is_not_there_is_refused_by_kind(self, objects):
        with pytest.raises(RequestError) as refused:
            objects.open("nothing")
        assert refused.value.kind is ErrorKind.NOT_FOUND

    def test_another_version_than_the_pinned_one_is_refused(self, objects):
        put(objects, "k", b"one")

        with pytest.raises(SourceError) as refused:
            objects.open("k", etag="other")
        assert refused.value.kind is ErrorKind.SOURCE_CHANGED

    def test_list_is_by_prefix_in_key_order(self, objects):
        for key in ("a/2", "a/10", "b/1", "ab/1"):
            put(objects, key)

        assert [info.key for info in objects.list("a/")] == ["a/10", "a/2"]
        assert [info.key for info in objects.list("")] == ["a/10", "a/2", "ab/1", "b/1"]

    def test_delete_frees_the_key_and_missing_keys_are_no_error(self, objects):
        put(objects, "a/k", b"one")

        objects.delete(["a/k", "a/none"])

        assert objects.head("a/k") is None
        assert put(objects, "a/k", b"two") is not None


@pytest.mark.parametrize("adapter", ["local"], indirect=True)
class TestFolderObjectStore:
    @pytest.mark.parametrize(
        "key", ["../x", "a/../x", "/etc/passwd", "a//b", "", "a\\b", "a\0b", "a/", "..", "a/.b"]
    )
    def test_a_key_that_could_leave_the_folder_is_refused(self, objects, key):
        with pytest.raises(RequestError):
            objects.create(key, {})
        with pytest.raises(RequestError):
            objects.head(key)

    def test_a_linked_film_that_changes_is_refused(self, objects, tmp_path):
        film = tmp_path / "film.mp4"
        film.write_bytes(b"original")
        info = objects.link_source("input/x", film)
        reader = objects.open("input/x", etag=info.etag)

        film.write_bytes(b"something else")

        with pytest.raises(SourceError) as refused:
            reader.read_at(0, 4)
        reader.close()
        assert refused.value.kind is ErrorKind.SOURCE_CHANGED

    def test_deleting_a_linked_film_leaves_the_film(self, objects, tmp_path):
        film = tmp_path / "film.mp4"
        film.write_bytes(b"original")
        objects.link_source("input/x", film)

        objects.delete(["input/x"])

        assert film.read_bytes() == b"original"

    def test_a_handed_over_object_stands_at_its_path_and_under_its_key(self, objects, tmp_path):
        info = put(objects, "jobs/a/final.mp4", b"film")
        out = tmp_path / "out.mp4"

        objects.hand_over("jobs/a/final.mp4", out)

        assert out.read_bytes() == b"film"
        assert objects.head("jobs/a/final.mp4") == info
        assert list(objects.blobs.iterdir()) == []

    def test_leftovers_of_the_dead_go_and_those_of_the_living_stay(self, objects):
        put(objects, "k", b"kept")
        with objects.create("mine", {}) as mine:
            mine.write_at(0, b"x")
            machine, boot, namespace, _pid, start, token = mine.name.split(".")
            dead = ".".join((machine, boot, namespace, "4194305", start, token))
            (objects.blobs / dead).write_bytes(b"left behind")

            objects.drop_leftovers()

            assert sorted(path.name for path in objects.blobs.iterdir()) == sorted(
                [mine.name, objects.head("k").etag]
            )
