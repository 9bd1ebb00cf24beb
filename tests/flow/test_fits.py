"""A film that cannot be cut here is refused before the work, with the way out."""

import contextlib
import shutil
from collections import namedtuple
from dataclasses import replace

import pytest
from stereo_spot.conversion import fits, scratch
from stereo_spot.conversion.chunk import chunk
from stereo_spot.errors import ErrorKind, MachineError, SourceError
from stereo_spot.model import JobOptions, JobStatus
from stereo_spot.runtime.convert import prepare
from stereo_spot.runtime.local import open_machine

from tests.media.kit import Film, make

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def machine(tmp_path):
    opened = open_machine(tmp_path / "d")
    yield opened
    opened.close()


def limited(machine, **policy):
    return replace(machine.services, policy=replace(machine.services.policy, **policy))


def ended(machine, film, app):
    """The job after it was chunked, or refused."""
    job = prepare(film, JobOptions(), machine).job
    with contextlib.suppress(SourceError):
        chunk(job.job_id, app)
    return app.jobs.get(job.job_id)


@pytest.mark.parametrize(("name", "passes"), [("film.mp4", 1), ("film.mkv", 2)])
def test_a_film_that_takes_longer_than_a_run_may_is_refused(name, passes, tmp_path, machine):
    film = make(tmp_path, Film(name))
    second = film.stat().st_size * passes

    job = ended(machine, film, limited(machine, max_run_s=0.9, carried_bytes_per_s=second))

    assert (job.status, job.error_kind) == (JobStatus.FAILED, ErrorKind.SOURCE_TOO_LARGE)
    assert "stereo-spot convert" in job.error_text and ("remux" in job.error_text) == (passes == 2)
    assert job.plan_digest is None


def test_a_film_that_fits_is_cut(tmp_path, machine):
    film = make(tmp_path, Film())
    second = film.stat().st_size

    job = ended(machine, film, limited(machine, max_run_s=1.1, carried_bytes_per_s=second))

    assert job.status is JobStatus.CHUNKING_COMPLETE
    assert list(machine.services.scratch.iterdir()) == []


def test_segments_that_no_disk_here_can_hold_are_refused(tmp_path, machine, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1000, 0, 1000))

    job = ended(machine, make(tmp_path, Film()), machine.services)

    assert (job.status, job.error_kind) == (JobStatus.FAILED, ErrorKind.SOURCE_TOO_LARGE)
    assert "shorter segments" in job.error_text
    assert job.plan_digest is None


def test_a_disk_that_is_full_now_is_found_before_the_cut_and_may_be_tried_again(
    tmp_path, machine, monkeypatch
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1 << 40, 0, 1000))

    with pytest.raises(MachineError) as full:
        ended(machine, make(tmp_path, Film()), machine.services)

    assert full.value.kind is ErrorKind.DISK_FULL
    assert [info.key for info in machine.objects.list("segments/")] == []
    assert list(machine.services.scratch.iterdir()) == []


def test_what_a_killed_run_left_goes_with_the_next_and_what_is_held_stays(machine):
    left = machine.services.scratch / "run-left"
    left.mkdir(parents=True)
    (left / scratch.HELD).touch()

    with scratch.scratch_folder(machine.services) as first:
        assert not left.exists()
        with scratch.scratch_folder(machine.services) as second:
            assert first.exists() and second.exists()
    assert list(machine.services.scratch.iterdir()) == []


def test_scratch_space_grows_with_the_segment_and_not_with_the_film(tmp_path, machine):
    facts = ended(machine, make(tmp_path, Film()), machine.services).facts
    longer = facts.model_copy(update={"duration_s": 7200.0, "frames": facts.frames * 3600})

    short = fits.scratch_bytes(longer, 10**9, JobOptions(segment_duration_s=10))
    long = fits.scratch_bytes(longer, 10**9, JobOptions(segment_duration_s=60))

    assert 5 < long / short < 6
    assert fits.scratch_bytes(longer, 10**9, JobOptions(segment_duration_s=60)) < 10**9 // 20
