"""The reading process: kept ready for those who want it, and going on with what it has learnt."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from stereo_spot.errors import ErrorKind, SourceError
from stereo_spot.media import process, starting
from stereo_spot.media.cut import cut
from stereo_spot.media.plan import plan
from stereo_spot.media.probe import probe
from stereo_spot.media.starting import one_ready, started
from stereo_spot.model import JobOptions

from tests.media.kit import LIMITS, FileReader, Film, make

OPTIONS = JobOptions(segment_duration_s=0.5, scene_cuts=False)

children = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="the processes are found by /proc"
)


def own_children():
    """The processes that this thread has started."""
    return set(Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split())


@children
def test_the_process_that_is_ready_is_taken_and_replaced_and_none_is_left():
    before = own_children()
    with one_ready():
        (first,) = own_children() - before
        with started():
            assert own_children() - before == {first}
        (second,) = own_children() - before
        assert second != first
    assert own_children() == before


@children
def test_a_task_within_a_task_has_a_process_of_its_own(tmp_path):
    before = own_children()
    with one_ready(), started(), started():
        assert len(own_children() - before) == 2
    assert own_children() == before


@children
def test_a_ready_process_that_was_killed_is_not_taken(tmp_path):
    source, before = make(tmp_path, Film()), own_children()
    with one_ready():
        (ready,) = own_children() - before
        os.kill(int(ready), signal.SIGKILL)
        while Path(f"/proc/{ready}/exe").exists():
            time.sleep(0.01)
        assert probe(FileReader(source), limits=LIMITS).frames
    assert own_children() == before


@children
def test_other_threads_start_their_own():
    """A process dies with the thread that started it, so none can be passed on."""
    taken = []

    def take():
        with started():
            taken.append(own_children())

    with one_ready():
        mine = own_children()
        other = threading.Thread(target=take)
        other.start()
        other.join()
        assert own_children() == mine
    assert not taken[0] & mine


def planned(reader, guarded):
    return plan(
        reader,
        source_etag="e",
        options=OPTIONS,
        preroll_frames=2,
        limits=LIMITS,
        guarded=guarded,
    )


def segments(reader, made, folder, guarded=None):
    """The bytes of all segments."""
    found = []
    cut(
        reader,
        made,
        scratch=folder,
        store=lambda _, path: found.append(path.read_bytes()),
        limits=LIMITS,
        guarded=guarded,
    )
    return found


def test_the_cut_goes_on_with_what_planning_read(tmp_path):
    reader = FileReader(make(tmp_path, Film(frames=60)))
    with started() as guarded:
        made = planned(reader, guarded)
        reader.reads.clear()
        together = segments(reader, made, tmp_path, guarded)
    assert reader.reads == [], "a film this small is read once"
    assert together == segments(reader, made, tmp_path)


def test_a_process_does_not_take_one_film_for_another(tmp_path):
    films = (Film("one.mp4", frames=60), Film("other.mp4", frames=60, scenes=(30,)))
    one, other = (FileReader(make(tmp_path, film)) for film in films)
    with started() as guarded:
        made = planned(other, guarded)
        planned(one, guarded)
        assert segments(other, made, tmp_path, guarded) == segments(other, made, tmp_path)


def test_a_film_that_got_shorter_since_it_was_opened_is_told_as_changed(tmp_path):
    path = make(tmp_path, Film(frames=60))
    reader = FileReader(path)
    made = planned(reader, None)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(SourceError, match="1000 of") as caught:
        segments(reader, made, tmp_path)
    assert caught.value.kind is ErrorKind.SOURCE_CHANGED


def test_a_process_that_closes_its_pipe_and_stays_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(starting, "BOOT", "import os, time; os.close(1); time.sleep(60)")
    monkeypatch.setattr(process, "EXIT_S", 0.1)
    with started() as guarded, pytest.raises(SourceError, match="closed"):
        guarded.begin({}, b"", LIMITS)
        guarded.receive()
    assert not guarded.alive
