"""Films that go through plan, cut, a lossless renderer and join come out frame for frame."""

from dataclasses import replace
from fractions import Fraction

import pytest
from stereo_spot.media.inspect import inspect
from stereo_spot.media.probe import probe
from stereo_spot.model import JobOptions

from tests.media.films import described_twice, edited
from tests.media.kit import LIMITS, FileReader, Film, Sound, make, seen, walk

SOUND = (Sound(),)
OPEN_GOP = {"x264-params": "open-gop=1"}
GAP = tuple(n if n < 20 else n + 40 for n in range(50))
UNEVEN = tuple(n * 3 + n % 2 for n in range(50))
EDIT = {"avoid_negative_ts": "disabled"}
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov"}
FILMS = [
    Film("cfr.mp4", sounds=SOUND),
    Film("cfr.mkv", sounds=SOUND),
    Film("cfr.mov", sounds=SOUND),
    Film("cfr.ts", sounds=SOUND),
    Film("mpeg4.avi", codec="mpeg4", bframes=2, sounds=(Sound("libmp3lame"),)),
    Film("vp9.webm", codec="libvpx-vp9", sounds=(Sound("libopus", 48_000),)),
    Film("vp8.webm", codec="libvpx"),
    Film("open-gop.mp4", gop=10, bframes=3, options=OPEN_GOP),
    Film("open-gop.ts", gop=10, bframes=3, options=OPEN_GOP),
    Film("hevc.mp4", codec="libx265", gop=10, bframes=3),
    Film("hevc.mkv", codec="libx265", gop=10, bframes=3),
    Film("hevc.ts", codec="libx265", gop=10, bframes=3),
    Film("long-gop.mp4", frames=120, gop=250),
    Film("long-gop.mkv", frames=120, gop=60),
    Film("gap.mp4", times=GAP),
    Film("gap.mkv", times=GAP),
    Film("uneven.mp4", times=UNEVEN, rate=Fraction(90)),
    Film("late.mkv", start=2.5, sounds=SOUND),
    Film("late.mp4", start=2.5),
    Film("edit-list.mp4", start=-0.4, muxer=EDIT),
    Film("fragmented.mp4", sounds=SOUND, muxer=FRAGMENTS),
    Film("index-first.mp4", sounds=SOUND, muxer={"movflags": "faststart"}),
    Film("one.mp4", frames=1),
    Film("one.mkv", frames=1),
    Film("one.ts", frames=1),
    Film("two.avi", codec="mpeg4", frames=2),
    Film("mpeg2.ts", codec="mpeg2video"),
    Film("mpeg2.mkv", codec="mpeg2video"),
    Film("mpeg4.mp4", codec="mpeg4"),
    Film("h264.avi", bframes=0),
    Film("av1.mp4", codec="libsvtav1", bframes=0, frames=20),
    Film("prores.mov", codec="prores_ks", pixels="yuv422p10le"),
    Film("mjpeg.mov", codec="mjpeg", pixels="yuvj420p"),
    Film("mjpeg.avi", codec="mjpeg", pixels="yuvj420p"),
    Film("odd.webm", codec="libvpx-vp9", size=(85, 47)),
    Film("full-colour.mp4", pixels="yuv444p"),
    Film("ten-bit.mp4", codec="libx265", pixels="yuv420p10le"),
    Film("intra-refresh.mp4", gop=20, bframes=0, options={"intra-refresh": "1"}),
    Film("intra-refresh.ts", gop=20, bframes=0, options={"intra-refresh": "1"}),
    Film("all-key.mp4", gop=1, bframes=0),
    Film("ntsc.avi", codec="mpeg4", rate=Fraction(30_000, 1001)),
    Film("ntsc.mp4", rate=Fraction(30_000, 1001), sounds=SOUND),
    Film("interlaced.ts", options={"x264-params": "tff=1"}),
    Film("slow.mp4", rate=Fraction(1, 2), frames=6),
]
QUICK = {
    "cfr.mp4", "cfr.mkv", "cfr.ts", "mpeg4.avi", "vp9.webm", "open-gop.mp4", "hevc.mkv",
    "long-gop.mp4", "gap.mp4", "edit-list.mp4", "fragmented.mp4", "one.mp4", "prores.mov",
    "odd.webm", "intra-refresh.mp4",
}  # fmt: skip
"""Cases of the ordinary suite; the others run with the long ones."""


def edit_together(path):
    """Two stretches of the film, one after the other."""
    return edited(path, (400, int(0.2 * 12_800)), (400, int(1.2 * 12_800)))


def case(film):
    marks = () if film.name in QUICK else (pytest.mark.long,)
    return pytest.param(film, id=film.name, marks=marks)


@pytest.mark.parametrize("film", [case(film) for film in FILMS])
def test_every_frame_comes_back_at_its_time(film, tmp_path):
    source = make(tmp_path, film)
    duration = max(0.7, float(film.frames / film.rate / 8))

    walked = walk(source, tmp_path / "work", options=JobOptions(segment_duration_s=duration))

    before, after = seen(source), seen(walked.final, film.size)
    assert after.crcs == before.crcs
    assert len({a - b for a, b in zip(after.times, before.times, strict=True)}) == 1
    assert walked.report.frames == len(before.crcs)
    assert inspect(FileReader(walked.final), limits=LIMITS).frames == len(before.crcs)


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts"])
def test_the_way_of_cutting_leaves_no_trace_in_the_frames(name, tmp_path):
    source = make(tmp_path, Film(name, frames=75, gop=40))

    finals = [
        walk(source, tmp_path / str(duration), options=JobOptions(segment_duration_s=duration))
        for duration in (0.5, 1.1, 300)
    ]

    assert [walked.plan.total for walked in finals] == [6, 3, 1]
    crops = [seen(walked.final, (96, 64)).crcs for walked in finals]
    assert crops[0] == crops[1] == crops[2] == seen(source).crcs


@pytest.mark.parametrize("change", [edit_together, described_twice])
def test_films_that_were_changed_after_their_making_come_back_whole(change, tmp_path):
    source = change(make(tmp_path, Film(frames=75, gop=25, sounds=SOUND)))

    walked = walk(source, tmp_path / "work", options=JobOptions(segment_duration_s=0.5))

    before, after = seen(source), seen(walked.final, (96, 64))
    assert after.crcs == before.crcs
    assert len({a - b for a, b in zip(after.times, before.times, strict=True)}) == 1


def test_a_cover_picture_is_not_the_film(tmp_path):
    plain = make(tmp_path, Film("plain.mp4", sounds=SOUND))
    covered = with_cover(plain, tmp_path / "covered.mp4")

    walked = walk(covered, tmp_path / "work", options=JobOptions(segment_duration_s=1))

    assert probe(FileReader(covered), limits=LIMITS).frames == 50
    assert seen(walked.final, (96, 64)).crcs == seen(plain).crcs


def with_cover(plain, path):
    """The same film with a picture attached as its first track."""
    import av

    with av.open(str(plain)) as source, av.open(str(path), "w") as out:
        cover = out.add_stream("png", rate=1)
        cover.width = cover.height = 32
        cover.pix_fmt = "rgb24"
        cover.disposition = 1024
        streams = {s.index: out.add_stream_from_template(s, opaque=True) for s in source.streams}
        picture = av.VideoFrame(32, 32, "rgb24")
        picture.pts = 0
        out.mux(cover.encode(picture))
        out.mux(cover.encode(None))
        for packet in source.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                out.mux(packet)
    return path


def test_a_turned_film_says_how_it_is_turned(tmp_path):
    source = make(tmp_path, Film())
    body = bytearray(source.read_bytes())
    unit = bytes.fromhex("00010000000000000000000000000000000100000000000000000000")
    turned = bytes.fromhex("000000000001000000000000ffff0000000000000000000000000000")
    place = body.index(unit, body.index(b"tkhd"))
    body[place : place + len(unit)] = turned
    source.write_bytes(body)

    assert probe(FileReader(source), limits=LIMITS).rotation == 90


@pytest.mark.parametrize("film", FILMS[:7] + FILMS[19:21], ids=lambda film: film.name)
def test_the_probe_counts_the_frames_a_player_shows(film, tmp_path):
    source = make(tmp_path, replace(film, frames=37))

    facts = probe(FileReader(source), limits=LIMITS)

    shown = seen(source)
    assert facts.frames == len(shown.crcs)
    assert (facts.width, facts.height) == film.size
    assert facts.start_pts * Fraction(facts.time_base) == shown.times[0]
    assert facts.frame_rate == "25/1"
    assert facts.duration_s == pytest.approx(len(shown.crcs) / 25, abs=0.002)
