"""A film that is analyzed first and then converted is cut where the analysis found its scenes."""

import sqlite3
from contextlib import closing

import pytest
from stereo_spot.conversion.chunk import chunk
from stereo_spot.conversion.plans import load_plan
from stereo_spot.model import JobOptions, JobStatus
from stereo_spot.runtime.analyzer import analyze_file, open_analyzer
from stereo_spot.runtime.convert import prepare
from stereo_spot.runtime.local import open_machine
from stereo_spot.settings.analyzer import AnalyzerSettings

from tests.analysis.kit import RATE, film

CUT = 1.2


@pytest.fixture
def source(tmp_path):
    return film(tmp_path / "film.mp4", ("red", "green", "blue"), seconds=CUT)


def analyzed(data, source):
    with open_analyzer(
        AnalyzerSettings(enable_normalization=False), folder=data / "analysis"
    ) as opened:
        return analyze_file(opened, source).video.id


def changed(data, statement, *values):
    """Change what the analysis found; only who reads it can know."""
    with closing(sqlite3.connect(data / "analysis" / "analysis.db")) as connection, connection:
        connection.execute(statement, values)


def borders(data, source):
    """Times at which the conversion cuts the film."""
    machine = open_machine(data)
    job = prepare(source, JobOptions(segment_duration_s=1.0, scene_cuts=True), machine).job
    chunk(job.job_id, machine.services)
    job = machine.services.jobs.get(job.job_id)
    assert job.status is JobStatus.CHUNKING_COMPLETE
    return [window.base_index / RATE for window in load_plan(job, machine.services).windows[1:]]


def test_scenes_that_were_found_before_are_where_the_film_is_cut(tmp_path, source):
    data = tmp_path / "data"
    video_id = analyzed(data, source)
    changed(data, "UPDATE scenes SET t_start = 0.88 WHERE video_id = ? AND idx = 1", video_id)

    assert borders(data, source)[0] == 0.88


def test_without_known_scenes_the_film_is_looked_at(tmp_path, source):
    data = tmp_path / "data"
    video_id = analyzed(data, source)
    changed(data, "UPDATE scenes SET t_start = 0.88 WHERE video_id = ? AND idx = 1", video_id)
    changed(data, "DELETE FROM stages WHERE stage = 'scenes'")

    assert borders(data, source)[0] == CUT
    assert borders(tmp_path / "other", source)[0] == CUT


def test_a_database_that_cannot_be_read_stops_no_conversion(tmp_path, source):
    data = tmp_path / "data"
    (data / "analysis").mkdir(parents=True)
    (data / "analysis" / "analysis.db").write_bytes(b"no database at all" * 99)

    assert borders(data, source)[0] == CUT


def test_another_film_is_not_cut_where_this_one_is(tmp_path, source):
    data = tmp_path / "data"
    analyzed(data, film(tmp_path / "other.mp4", ("blue", "red"), seconds=0.9))

    assert borders(data, source)[0] == CUT
