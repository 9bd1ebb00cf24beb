"""What comes in, upright and in the right colours, and how it goes out."""

from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
from stereo_engine import guard
from stereo_engine.colour import BT709, FULL, LIMITED, SMPTE170M, Colour
from stereo_engine.job import Job
from stereo_engine.recipe import Recipe
from stereo_engine.render import render

from tests.engine.films import moving_pictures, read_planes, read_stream, write_film

LOSSLESS = Recipe(tier="stub", crf=0, preset="ultrafast")


def converted(tmp_path, frames, recipe=LOSSLESS, **film):
    source = write_film(tmp_path / film.pop("name", "source.mp4"), frames, **film)
    result = render(Job(source, tmp_path / "out.mp4", recipe))
    return source, tmp_path / "out.mp4", result


def left_eyes(path):
    return [np.hsplit(y, 2)[0] for y, _, _ in read_planes(path)]


def test_rotation_is_applied_to_the_pixels(tmp_path):
    source, out, result = converted(tmp_path, moving_pictures(3), rotation=90)

    assert (result["width"], result["height"]) == (128, 96)
    with av.open(str(source)) as film:
        turns = {round(frame.rotation / 90) for frame in film.decode(video=0)}
    assert len(turns) == 1
    for (y, _, _), left in zip(read_planes(source), left_eyes(out), strict=True):
        assert np.array_equal(left, np.rot90(y, turns.copy().pop()))
    with av.open(str(out)) as film:
        assert all(frame.rotation == 0 for frame in film.decode(video=0))


def test_odd_sizes_are_padded_and_said(tmp_path):
    frames = [frame[:63, :95] for frame in moving_pictures(3)]
    source, out, result = converted(
        tmp_path, frames, codec="libvpx-vp9", name="odd.webm", options={"lossless": "1"}
    )

    assert (result["width"], result["height"]) == (192, 64)
    assert any("odd" in warning for warning in result["warnings"])
    for (y, _, _), left in zip(read_planes(source), left_eyes(out), strict=True):
        assert np.array_equal(left[:63, :95], y)
        assert np.array_equal(left[63], left[62])
        assert np.array_equal(left[:, 95], left[:, 94])


@pytest.mark.parametrize("mode", ["half_sbs", "half_top_bottom", "anaglyph", "top_bottom"])
def test_any_even_size_goes_into_any_layout(tmp_path, mode):
    frames = [frame[:62, :90] for frame in moving_pictures(3)]

    _, out, result = converted(tmp_path, frames, Recipe(mode=mode))

    assert read_stream(out)["size"] == (result["width"], result["height"])


@pytest.mark.parametrize(
    ("colour", "height"),
    [
        (Colour(BT709, LIMITED, BT709, BT709), 64),
        (Colour(SMPTE170M, LIMITED, SMPTE170M, SMPTE170M), 64),
        (Colour(BT709, FULL, BT709, BT709), 64),
    ],
)
def test_all_four_colour_tags_are_kept(tmp_path, colour, height):
    for mode in ("sbs", "anaglyph"):
        _, out, _ = converted(
            tmp_path, moving_pictures(2, 96, height), Recipe(mode=mode), colour=colour
        )

        tags = (colour.matrix, colour.range, colour.primaries, colour.transfer)
        assert read_stream(out)["tags"] == tags


def test_going_through_rgb_keeps_the_colours(tmp_path):
    frames = [np.full((64, 96, 3), shade, np.uint8) for shade in (20, 128, 235)]
    recipe = Recipe(tier="stub", mode="row_interlaced", crf=0)

    source, out, _ = converted(tmp_path, frames, recipe)

    for before, after in zip(read_planes(source), read_planes(out), strict=True):
        for one, other in zip(before, after, strict=True):
            assert np.abs(one.astype(int) - other).max() <= 2


@pytest.mark.parametrize("pix_fmt", ["yuv422p", "yuv444p"])
def test_other_formats_are_converted_once(tmp_path, pix_fmt):
    source, out, result = converted(tmp_path, moving_pictures(3), pix_fmt=pix_fmt)

    assert result["frames"] == 3
    for (y, _, _), left in zip(read_y(source), left_eyes(out), strict=True):
        assert np.abs(y.astype(int) - left).max() <= 1


def read_y(path):
    with av.open(str(path)) as film:
        return [
            (np.frombuffer(f.planes[0], np.uint8).reshape(f.height, -1)[:, : f.width], None, None)
            for f in film.decode(video=0)
        ]


@pytest.mark.parametrize("mode", ["sbs", "half_sbs", "anaglyph"])
def test_max_width_holds_for_the_finished_picture(tmp_path, mode):
    _, out, result = converted(tmp_path, moving_pictures(2), Recipe(mode=mode, max_width=80))

    assert result["width"] <= 80
    assert read_stream(out)["size"] == (result["width"], result["height"])


def test_pictures_too_wide_for_h264_players_go_to_hevc_and_say_so(tmp_path):
    wide = [np.tile(frame, (1, 22, 1)) for frame in moving_pictures(2)]

    _, out, result = converted(tmp_path, wide, Recipe(tier="stub", preset="ultrafast"))

    assert (result["codec"], read_stream(out)["codec_tag"]) == ("hevc", "hvc1")
    assert any("HEVC" in warning for warning in result["warnings"])


def test_pixel_aspect_is_kept(tmp_path):
    _, out, _ = converted(tmp_path, moving_pictures(2), aspect=Fraction(4, 3))

    assert read_stream(out)["aspect"] == Fraction(4, 3)


@pytest.mark.parametrize("synth", ["right", "left", "both"])
def test_the_eye_that_is_not_made_is_the_source(film, tmp_path, synth):
    render(Job(film, tmp_path / "out.mp4", Recipe(synth=synth, crf=0, preset="ultrafast")))

    kept = {"right": [0], "left": [1], "both": []}[synth]
    for (y, _, _), (made, _, _) in zip(
        read_planes(film), read_planes(tmp_path / "out.mp4"), strict=True
    ):
        same = [side for side in (0, 1) if np.array_equal(np.hsplit(made, 2)[side], y)]
        assert same == kept


def test_the_guard_opens_local_files_of_known_kinds_only():
    assert guard.GUARD["protocol_whitelist"] == "file"
    assert "hls" not in guard.GUARD["format_whitelist"]


def test_too_many_pixels_are_refused_before_decoding(film, monkeypatch, tmp_path):
    monkeypatch.setattr(guard, "MAX_PIXELS", 96 * 64 - 1)

    with pytest.raises(Exception, match="96x64") as caught:
        render(Job(film, tmp_path / "out.mp4"))

    assert caught.value.kind == "source_too_many_pixels"


def test_interlaced_film_is_made_whole_frame_by_frame(tmp_path):
    frames = moving_pictures(9, 96, 64, step=4)
    woven = []
    for now, later in pairwise(frames):
        frame = now.copy()
        frame[1::2] = later[1::2]
        woven.append(frame)

    source, out, result = converted(tmp_path, woven, options={"x264-params": "tff=1"})

    assert result["frames"] == 8
    assert any("interlaced" in warning for warning in result["warnings"])
    combs = [
        np.mean([np.abs(y[1:-1].astype(int) * 2 - y[:-2] - y[2:]).mean() for y in pictures])
        for pictures in ([y for y, _, _ in read_planes(source)], left_eyes(out))
    ]
    assert combs[1] < 0.7 * combs[0]


def test_ten_bits_stay_ten_bits_in_hevc_when_asked(tmp_path):
    recipe = Recipe(codec="hevc", pix_fmt="yuv420p10le", preset="ultrafast", crf=0)

    source, out, _ = converted(tmp_path, moving_pictures(3), recipe, pix_fmt="yuv420p10le")

    with av.open(str(out)) as film:
        assert film.streams.video[0].codec_context.pix_fmt == "yuv420p10le"
    for before, after in zip(read_planes(source), read_planes(out), strict=True):
        for plane, pair in zip(before, after, strict=True):
            assert plane.max() > 255
            assert np.array_equal(pair[:, : plane.shape[1]], plane)


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_becomes_sdr_and_says_so(tmp_path, transfer):
    hdr = Colour(matrix=9, range=LIMITED, primaries=9, transfer=transfer)
    grey = [np.full((64, 96, 3), shade, np.uint8) for shade in (0, 60, 120, 180, 250)]

    _, out, result = converted(
        tmp_path, grey, Recipe(tier="stub"), pix_fmt="yuv420p10le", colour=hdr
    )

    assert read_stream(out)["tags"] == (BT709, LIMITED, BT709, BT709)
    assert any("HDR" in warning for warning in result["warnings"])
    levels = [float(y.mean()) for y, _, _ in read_planes(out)]
    assert levels == sorted(levels)
    assert levels[0] < 20 and 150 < levels[-1] <= 235
