"""A film's index alone tells the same as its packets: times, keys and what is shown."""

from array import array
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stereo_spot.media.child import door, ranges, samples, timeline

from tests.media.films import described_twice, edited
from tests.media.kit import LIMITS, FileReader, Film, Sound, make, seen

BIG = {"size": (640, 360), "frames": 30}
FILMS = [
    Film("early.mp4", gop=10, muxer={"movflags": "negative_cts_offsets"}, **BIG),
    Film("h264.mp4", gop=10, options={"qp": "1"}, sounds=(Sound(),), **BIG),
    Film(
        "open-gop.mov", gop=10, bframes=3, options={"qp": "1", "x264-params": "open-gop=1"}, **BIG
    ),
    Film("hevc.mp4", codec="libx265", gop=10, bframes=3, options={"crf": "1"}, **BIG),
    Film("mpeg4.mp4", codec="mpeg4", gop=10, options={"qmin": "1", "qmax": "1"}, **BIG),
    Film("mpeg2.mp4", codec="mpeg2video", gop=10, options={"qmin": "1", "qmax": "1"}, **BIG),
    Film("vp9.mp4", codec="libvpx-vp9", gop=10, options={"crf": "1"}, **BIG),
    Film("av1.mp4", codec="libsvtav1", bframes=0, gop=10, options={"crf": "1"}, **BIG),
    Film("prores.mov", codec="prores_ks", pixels="yuv422p10le", **BIG),
    Film("mjpeg.mov", codec="mjpeg", pixels="yuvj420p", **BIG),
    Film(
        "hidden.mp4",
        start=-0.4,
        options={"qp": "1"},
        muxer={"avoid_negative_ts": "disabled"},
        **BIG,
    ),
]


TICKS_PER_S = 12_800
EDITS = [
    [(1000, 0.5)],
    [(500, -1 / TICKS_PER_S), (1000, 0.4)],
    [(400, 0.2), (400, 1.2)],
    [(400, 1), (400, 0.2)],
    [(400, 0.2), (400, 0.2)],
]
"""Milliseconds to show, and seconds of the media to begin at; an empty stretch begins at -1."""


class Here:
    """A channel of this process: a file read without a parent."""

    def __init__(self, path):
        self.reader = FileReader(path)
        self.blocks = self

    def size(self, _):
        return self.reader.size

    def at(self, _, position, size):
        return memoryview(self.reader.read_at(position, min(1 << 20, size - position)))


def both_ways(path):
    """What the index of a film tells, and what its packets tell; the index must be of use."""
    here = Here(path)
    with door.opened(ranges.RemoteFile(here, "source"), LIMITS) as opened:
        found = samples.samples_of(opened, LIMITS)
        assert found is not None
        indexed = timeline.walk(opened, found, LIMITS)
    with door.opened(ranges.RemoteFile(here, "source"), LIMITS) as opened:
        return indexed, timeline.walk(opened, None, LIMITS)


@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.name)
def test_the_index_tells_what_the_packets_tell(film, tmp_path):
    path = make(tmp_path, film)

    indexed, read = both_ways(path)

    assert indexed == read
    assert len(read.pts) == (20 if film.start else 30)


@pytest.mark.parametrize("edits", EDITS, ids=str)
@pytest.mark.parametrize("shift", ["", "negative_cts_offsets"])
def test_edit_lists_hide_shift_and_repeat_alike(edits, shift, tmp_path):
    film = Film(frames=50, gop=10, bframes=2, muxer={"movflags": shift} if shift else {})
    path = edited(make(tmp_path, film), *((ms, int(at * TICKS_PER_S)) for ms, at in edits))

    indexed, read = both_ways(path)

    assert indexed == read
    assert [Fraction(pts, TICKS_PER_S) for pts in indexed.pts] == seen(path).times


def test_pictures_described_twice_are_planned_from_the_index_as_well(tmp_path):
    indexed, read = both_ways(described_twice(make(tmp_path, Film())))

    assert indexed == read


@given(st.lists(st.integers(-3, 40)), st.integers(1, 9))
def test_times_come_in_order_with_their_places(times, together):
    sorted_times, places = array("q", times), array("q", range(len(times)))

    timeline.put_in_order(sorted_times, places, together)

    assert list(sorted_times) == sorted(times)
    assert list(places) == sorted(range(len(times)), key=times.__getitem__)
