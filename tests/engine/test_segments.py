"""Segments rendered apart join into one film."""

from fractions import Fraction

import av
import numpy as np
import pytest
from stereo_engine.colour import standard
from stereo_engine.job import Job
from stereo_engine.picture import of_rgb
from stereo_engine.recipe import PREROLL_FRAMES, Recipe
from stereo_engine.render import render
from stereo_engine.windows import Selection
from stereo_engine.writer import Writer

from tests.engine.films import moving_pictures, read_planes, read_stream, write_film

LOSSLESS = Recipe(crf=0, preset="ultrafast")
CUTS = [(0, 0, 10), (10, 8, 13), (23, 8, 9), (32, 8, 8)]
"""First frame written, pre-roll, frames written."""


def part(film, dst, recipe, first, preroll, count):
    selection = Selection(preroll, count, Fraction(first - preroll, 25))
    return render(Job(film, dst, recipe, selection))


@pytest.fixture(scope="module")
def joined(film, tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    for index, cut in enumerate(CUTS):
        part(film, folder / f"{index}.mp4", LOSSLESS, *cut)
    render(Job(film, folder / "whole.mp4", LOSSLESS))
    return folder


def test_segments_with_preroll_are_the_whole_film_bit_for_bit(joined):
    whole = read_planes(joined / "whole.mp4")
    parts = [frame for index in range(len(CUTS)) for frame in read_planes(joined / f"{index}.mp4")]

    assert len(parts) == len(whole) == 40
    for one, other in zip(parts, whole, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_without_preroll_a_segment_would_differ(film, joined, tmp_path):
    part(film, tmp_path / "bare.mp4", LOSSLESS, 10, 0, 3)

    bare, whole = read_planes(tmp_path / "bare.mp4")[0], read_planes(joined / "whole.mp4")[10]

    assert not np.array_equal(bare[0], whole[0])
    assert PREROLL_FRAMES == 8


def test_the_left_eye_is_the_source_bit_for_bit(film, joined):
    for source, made in zip(read_planes(film), read_planes(joined / "whole.mp4"), strict=True):
        for plane, pair in zip(source, made, strict=True):
            assert np.array_equal(pair[:, : plane.shape[1]], plane)


def test_the_right_eye_differs(film, joined):
    made = read_planes(joined / "whole.mp4")

    assert all(not np.array_equal(y[:, :96], y[:, 96:]) for y, _, _ in made)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("mode", ["sbs", "top_bottom", "anaglyph"])
def test_segments_of_any_length_share_their_headers(film, tmp_path, codec, mode):
    recipe = Recipe(mode=mode, codec=codec, preset="ultrafast")
    for index, count in enumerate((1, 7, 2)):
        part(film, tmp_path / f"{index}.mp4", recipe, 10 * index, 0, count)
    streams = [read_stream(tmp_path / f"{index}.mp4") for index in range(3)]

    assert len({stream["extradata"] for stream in streams}) == 1
    assert len({stream["time_base"] for stream in streams}) == 1
    assert [stream["packets"] for stream in streams] == [1, 7, 2]
    assert streams[0]["codec_tag"] == {"h264": "avc1", "hevc": "hvc1"}[codec]
    assert streams[0]["streams"] == 1


def test_a_film_of_one_frame_starts_at_its_start(tmp_path):
    frame = of_rgb(np.zeros((128, 96, 3), np.uint8), standard(128))
    for _ in range(40):
        writing = Writer(
            tmp_path / "one.mp4",
            size=(96, 128),
            colour=frame.colour,
            sample_aspect_ratio=Fraction(1),
            mode="top_bottom",
            recipe=Recipe(codec="hevc", preset="ultrafast"),
        )
        with writing as writer:
            writer.write(frame.to_frame())

        with av.open(str(tmp_path / "one.mp4")) as film:
            (packet,) = (some for some in film.demux(video=0) if some.size)
            assert 0 == packet.pts <= packet.dts + 8000


def test_frame_i_is_shown_at_i(joined):
    stream = read_stream(joined / "1.mp4")

    shown = [pts * stream["time_base"] * 30 for pts in stream["pts"]]
    assert stream["time_base"] == Fraction(1, 30_000)
    assert shown == list(range(13))


def test_the_same_job_makes_the_same_bytes(film, tmp_path):
    recipe = Recipe(mode="half_sbs")
    for name in ("one.mp4", "two.mp4"):
        render(Job(film, tmp_path / name, recipe))

    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


@pytest.mark.parametrize(
    ("mode", "packing"),
    [("sbs", 3), ("half_sbs", 3), ("top_bottom", 4), ("half_top_bottom", 4), ("anaglyph", None)],
)
def test_h264_says_how_the_eyes_are_packed(film, tmp_path, mode, packing):
    render(Job(film, tmp_path / "a.mp4", Recipe(mode=mode), Selection(n_frames=2)))

    assert frame_packing(read_stream(tmp_path / "a.mp4")["raw"]) == packing


def frame_packing(raw):
    """The arrangement type of the first frame packing SEI in length-prefixed NAL units."""
    at = 0
    while at + 4 <= len(raw):
        size = int.from_bytes(raw[at : at + 4], "big")
        unit = raw[at + 4 : at + 4 + size]
        if unit[0] & 31 == 6 and unit[1] == 45:
            bits = "".join(f"{byte:08b}" for byte in unit[3:])
            return int(bits[2:9], 2)  # after id ue(0) and the cancel flag
        at += 4 + size
    return None


def test_the_mezzanine_is_the_same_film_as_full_side_by_side(film, joined, tmp_path):
    recipe = Recipe(mode="top_bottom", crf=0, preset="ultrafast")
    render(Job(film, tmp_path / "tb.mp4", recipe, mezzanine=tmp_path / "sbs.mp4"))

    for whole, beside, over in zip(
        read_planes(joined / "whole.mp4"),
        read_planes(tmp_path / "sbs.mp4"),
        read_planes(tmp_path / "tb.mp4"),
        strict=True,
    ):
        for a, b, c in zip(whole, beside, over, strict=True):
            assert np.array_equal(a, b)
            assert np.array_equal(np.vstack(np.hsplit(b, 2)), c)


def test_the_stub_is_the_picture_twice_after_the_preroll(film, tmp_path):
    recipe = Recipe(tier="stub", crf=0, preset="ultrafast")
    result = part(film, tmp_path / "stub.mp4", recipe, 10, 8, 5)

    assert (result["tier"], result["depth_source"], result["frames"]) == ("stub", "none", 5)
    for source, made in zip(
        read_planes(film)[10:15], read_planes(tmp_path / "stub.mp4"), strict=True
    ):
        assert all(np.array_equal(np.hstack([a, a]), b) for a, b in zip(source, made, strict=True))


def test_a_changed_picture_size_in_the_middle_is_refused_by_name(tmp_path):
    small = write_film(
        tmp_path / "a.ts", moving_pictures(8, 96, 64), container="mpegts", options={"g": "4"}
    )
    large = write_film(tmp_path / "b.ts", moving_pictures(8, 128, 64), container="mpegts", start=8)
    (tmp_path / "ab.ts").write_bytes(small.read_bytes() + large.read_bytes())

    with pytest.raises(Exception, match="size") as caught:
        render(Job(tmp_path / "ab.ts", tmp_path / "out.mp4", Recipe()))

    assert caught.value.kind == "source_size_changes"
    assert not (tmp_path / "out.mp4").exists()
