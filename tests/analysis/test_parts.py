"""The arithmetic of the analyzer: which frames, which hashes, which chunks, which vectors."""

import struct
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stereo_spot.analysis import offline
from stereo_spot.analysis.choice import spread
from stereo_spot.analysis.chunks import CHUNK_CHARS, chunks
from stereo_spot.analysis.phash import colours, distance, phash, same_colours
from stereo_spot.analysis.pictures import opened
from stereo_spot.analysis.ports import Spoken
from stereo_spot.analysis.records import (
    DIMENSIONS,
    Scene,
    TranscriptSegment,
    check_video_id,
    upload_key,
)
from stereo_spot.analysis.subtitles import srt, vtt
from stereo_spot.analysis.transcribe import tidy
from stereo_spot.errors import ErrorKind, RequestError

from tests.analysis.kit import scene_picture


def said(number, start, end, text="words"):
    return TranscriptSegment(
        id=f"v_segment_{number:03d}", video_id="v", t_start=start, t_end=end, text=text
    )


def scene(number, start, end):
    return Scene(id=f"v_scene_{number:03d}", video_id="v", idx=number, t_start=start, t_end=end)


def bgr(colour, number=0):
    return np.ascontiguousarray(scene_picture(colour, number)[:, :, ::-1])


def test_100_scenes_and_10_frames_give_every_eleventh():
    assert spread(100, 10) == [0, 11, 22, 33, 44, 55, 66, 77, 88, 99]


@given(st.integers(1, 500), st.integers(2, 60))
def test_first_and_last_are_always_in_and_the_rest_is_even(count, limit):
    chosen = spread(count, limit)

    gaps = {b - a for a, b in pairwise(chosen)}
    assert len(chosen) == min(count, limit)
    assert (chosen[0], chosen[-1]) == (0, count - 1)
    assert len(gaps) <= 2 and (not gaps or max(gaps) - min(gaps) <= 1)


def test_a_hash_survives_a_new_compression_and_tells_other_pictures_apart():
    picture = bgr("red")
    _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 40])

    assert distance(phash(picture), phash(cv2.imdecode(jpeg, cv2.IMREAD_COLOR))) <= 6
    assert distance(phash(picture), phash(bgr("blue"))) > 6
    assert len(phash(picture)) == 16


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_hash_distance_counts_bits(one, other):
    assert distance(f"{one:016x}", f"{other:016x}") == bin(one ^ other).count("1")


def test_pictures_of_one_hash_and_other_colours_are_not_the_same():
    green, yellow = bgr("green"), bgr("green")
    yellow[..., 2] = np.where(yellow[..., 1] > 100, 200, yellow[..., 2])

    assert distance(phash(green), phash(yellow)) <= 6
    assert not same_colours(colours(green), colours(yellow))
    assert same_colours(colours(green), colours(bgr("green", 7)))


def test_chunks_stay_within_a_scene_and_hold_every_segment_once():
    scenes = [scene(0, 0, 10), scene(1, 10, 20)]
    segments = [said(i, i, i + 1, f"word{i} " * 60) for i in range(20)]

    made = chunks(segments, scenes)

    ids = [row for chunk in made for row in chunk.row_ids]
    assert ids == [segment.id for segment in segments]
    assert all(len(chunk.text) <= CHUNK_CHARS for chunk in made)
    split = ids.index("v_segment_010")
    borders = [sum(len(c.row_ids) for c in made[:i]) for i in range(len(made))]
    assert split in borders
    for chunk in made:
        for row in chunk.row_ids:
            assert f"word{int(row[-3:])} " in f"{chunk.text} "


def test_a_chunk_repeats_the_end_of_the_one_before_it():
    segments = [said(i, i, i + 1, f"word{i} " * 60) for i in range(12)]

    first, second, *_ = chunks(segments, [scene(0, 0, 100)])

    assert second.text.startswith(first.text[-30:].partition(" ")[2].split()[0])


def test_srt_has_commas_and_vtt_has_points_and_a_header():
    rows = [said(0, 0, 1.5, "Hello"), said(1, 3661.0425, 3662, "a <b> & c --> d\n\nmore")]

    assert srt(rows) == (
        "1\n00:00:00,000 --> 00:00:01,500\nHello\n\n"
        "2\n01:01:01,042 --> 01:01:02,000\na <b> & c → d\nmore\n\n"
    )
    assert vtt(rows).startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHello\n\n")
    assert "a &lt;b&gt; &amp; c → d\nmore" in vtt(rows)


def test_a_time_just_below_a_second_does_not_show_1000_milliseconds():
    assert "00:00:02,000" in srt([said(0, 1.9996, 2.5)])


def test_speech_is_put_in_order_and_times_are_never_doubled():
    heard = [
        Spoken(start=2, end=3, text=" b "),
        Spoken(start=0, end=1, text="a"),
        Spoken(start=2, end=3, text="c"),
        Spoken(start=5, end=4, text="backwards"),
        Spoken(start=6, end=7, text="  "),
    ]

    rows = tidy("v", heard)

    assert [(r.id, r.t_start, r.t_end, r.text) for r in rows] == [
        ("v_segment_000", 0, 1, "a"),
        ("v_segment_001", 2, 3, "b c"),
        ("v_segment_002", 5, 5, "backwards"),
    ]


def cosine(a, b):
    return float(np.dot(a, b))


def test_texts_that_share_words_are_near_and_others_are_not():
    query = offline.text_vector("red cars")

    assert len(query) == DIMENSIONS
    assert cosine(query, query) == pytest.approx(1.0)
    assert cosine(query, offline.text_vector("A red car on a bridge")) > 0.4
    assert abs(cosine(query, offline.text_vector("water under stones"))) < 0.15


@pytest.mark.parametrize("colour", ["red", "green", "blue", "yellow", "gray", "white", "purple"])
def test_the_main_colour_of_a_picture_is_named_first(colour):
    assert offline.colour_words(bgr(colour)).split()[0] == colour


def test_similar_pictures_are_near_and_others_far():
    one, again, other = (
        offline.picture_vector(bgr(*p)) for p in (("red", 0), ("red", 9), ("blue", 0))
    )

    assert cosine(one, again) > 0.95 > cosine(one, other) + 0.2


@pytest.mark.parametrize("bad", ["", "../x", "a/b", ".hidden", "a" * 129, "x y", "é", "a\n"])
def test_a_video_id_that_could_leave_its_place_is_refused(bad):
    with pytest.raises(RequestError):
        check_video_id(bad)


def test_a_hostile_file_name_becomes_a_plain_key():
    assert upload_key("v", "../../etc/pass wd\x00.mp4") == "uploads/v__.._etc_pass_wd_.mp4"


def test_a_sent_picture_is_opened_whatever_its_format():
    for suffix in (".jpg", ".png"):
        _, data = cv2.imencode(suffix, bgr("red"))

        assert opened(data.tobytes()).shape == (90, 160, 3)


def png(width, height):
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + bytes(40)


def jpeg_naming(width, height):
    data = bytearray(cv2.imencode(".jpg", bgr("red"))[1].tobytes())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.mark.parametrize(
    "picture",
    [b"", b"GIF89a", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", png(30_000, 30_000), png(0, 5),
     png(8, 8), jpeg_naming(65_000, 65_000), b"\xff\xd8" + b"\xff" * 5000, bytes(33 << 20)],
)  # fmt: skip
def test_what_is_no_picture_or_a_bomb_is_refused_before_it_is_opened(picture):
    with pytest.raises(RequestError) as refused:
        opened(picture)

    assert refused.value.kind is ErrorKind.BAD_REQUEST
