"""A film's index alone tells the same as its packets: times, keys and what is shown."""

import pytest
from stereo_spot.media.child import door, ranges, timeline

from tests.media.kit import LIMITS, FileReader, Film, Sound, make

BIG = {"size": (640, 360), "frames": 30}
FILMS = [
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


class Here:
    """A channel of this process: a file read without a parent."""

    def __init__(self, path):
        self.reader = FileReader(path)
        self.blocks = self

    def size(self, _):
        return self.reader.size

    def at(self, _, position, size):
        return memoryview(self.reader.read_at(position, min(1 << 20, size - position)))


@pytest.mark.parametrize("film", FILMS, ids=lambda film: film.name)
def test_the_index_tells_what_the_packets_tell(film, tmp_path, monkeypatch):
    path = make(tmp_path, film)
    here = Here(path)

    with door.opened(ranges.RemoteFile(here, "source"), LIMITS) as opened:
        indexed = timeline.walk(opened, LIMITS)
    monkeypatch.setattr(timeline, "samples_of", lambda *_: None)
    with door.opened(ranges.RemoteFile(here, "source"), LIMITS) as opened:
        read = timeline.walk(opened, LIMITS)

    assert indexed == read
    assert len(read.pts) == (20 if film.start else 30)
