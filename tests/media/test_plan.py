"""Windows cover the film once, without gaps, whatever its frame times and the wished duration."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stereo_spot.errors import RequestError
from stereo_spot.media import windows
from stereo_spot.media.plan import plan
from stereo_spot.model import JobOptions

from tests.media.kit import LIMITS, FileReader, Film, Sound, make

TIME_BASE = Fraction(1, 1000)
FRAME_TIMES = st.lists(st.integers(0, 5000), min_size=1, max_size=200).map(
    lambda gaps: [sum(gaps[: n + 1]) for n in range(len(gaps))]
)


def planned(path, preroll=8, **options):
    return plan(
        FileReader(path),
        source_etag="e",
        options=JobOptions(**options),
        preroll_frames=preroll,
        limits=LIMITS,
    )


@given(FRAME_TIMES, st.floats(0.5, 300))
def test_every_frame_belongs_to_exactly_one_window(pts, duration):
    within = windows.planned_range(pts, TIME_BASE, None, None)

    marks = [border.frame for border in windows.borders(pts, within, TIME_BASE, duration)]

    assert marks[0] == 0
    assert all(a < b for a, b in pairwise(marks))
    assert marks[-1] < len(pts)


@given(FRAME_TIMES, st.floats(0.5, 300))
def test_no_window_is_longer_than_asked(pts, duration):
    marks = [b.frame for b in windows.borders(pts, (0, len(pts)), TIME_BASE, duration)]

    for first, after in zip(marks, [*marks[1:], len(pts)], strict=True):
        spread = (pts[after - 1] - pts[first]) * TIME_BASE
        assert spread < Fraction(str(duration)) or len(set(pts[first:after])) == 1


@given(FRAME_TIMES, st.floats(0, 5), st.floats(0.1, 9))
def test_trimming_keeps_the_frames_between_start_and_end(pts, start, length):
    wanted = [t for t in pts if start * 1000 <= t - pts[0] < (start + length) * 1000]

    try:
        first, end = windows.planned_range(pts, TIME_BASE, start, start + length)
    except RequestError as error:
        assert error.kind == "bad_request"
        assert not wanted
    else:
        assert len(wanted) == end - first


def test_too_many_segments_are_refused_with_a_way_out():
    with pytest.raises(RequestError, match="longer segments"):
        windows.check_count(100_000, 99_999, 0.5)


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_borders_move_to_scene_cuts_and_need_no_preroll_there(name, tmp_path):
    source = make(tmp_path, Film(name, frames=100, scenes=(30, 71)))

    found = planned(source, scene_cuts=True, segment_duration_s=1.0)
    plain = planned(source, segment_duration_s=1.0)

    assert [w.base_index for w in plain.windows] == [0, 25, 50, 75]
    assert [w.base_index for w in found.windows] == [0, 30, 50, 71]
    assert [w.preroll_frames for w in found.windows] == [0, 0, 8, 0]
    assert [w.preroll_frames for w in plain.windows] == [0, 8, 8, 8]
    assert found.frames == plain.frames == 100


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "film.avi"])
def test_the_same_bytes_and_options_give_the_same_plan(name, tmp_path):
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    source = make(tmp_path, Film(name, codec=codec, sounds=(Sound("libmp3lame"),)))

    assert planned(source) == planned(source)
    assert planned(source, segment_duration_s=0.5).total == 4


def test_the_shortest_segments_are_obeyed(tmp_path):
    source = make(tmp_path, Film(frames=75, gop=75))

    made = planned(source, preroll=25, segment_duration_s=0.5)

    assert [w.n_frames for w in made.windows] == [13, 12, 13, 12, 13, 12]
    assert [w.preroll_frames for w in made.windows] == [0, 13, 25, 25, 25, 25]


def test_an_mp4_with_its_index_at_the_end_is_planned_from_the_index_alone(tmp_path):
    source = make(
        tmp_path, Film(frames=60, size=(640, 360), options={"qp": "1"}, sounds=(Sound(),))
    )
    body = source.read_bytes()
    at, filler = body.index(b"mdat") - 4, 60 << 20
    size = int.from_bytes(body[at : at + 4], "big")
    moov = body.index(b"moov") - 4
    padded = body[:moov] + bytes(filler) + body[moov:]
    source.write_bytes(padded[:at] + (size + filler).to_bytes(4, "big") + padded[at + 4 :])
    reader = FileReader(source)

    made = plan(reader, source_etag="e", options=JobOptions(), preroll_frames=8, limits=LIMITS)

    assert made.facts.frames == 60
    assert len(reader.reads) <= 3
    assert sum(length for _, length in reader.reads) < reader.size // 10
