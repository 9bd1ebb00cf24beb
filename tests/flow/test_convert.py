"""`stereo-spot convert` on real films, from the file to the finished film."""

from itertools import pairwise

import av
import numpy as np
import pytest

from tests.flow.command import psnr, run, run_json, shown, sound_bytes


def test_a_film_keeps_every_frame_its_times_and_its_sound(scene, tmp_path):
    out = tmp_path / "out.mp4"

    told = run_json("convert", scene, "-o", out, "--segment-duration", 2, "--data", tmp_path / "d")

    before, after = shown(scene), shown(out)
    assert told["ok"] and told["frames"] == len(before) == len(after) == 144
    assert told["segments"] == 3
    assert {b[0] - a[0] for a, b in zip(before, after, strict=True)} == {before[0][0] * 0}
    assert sound_bytes(scene) == sound_bytes(out)
    width = before[0][1].shape[1]
    assert after[0][1].shape == (96, 2 * width)
    assert min(psnr(a, b[:, :width]) for (_, a), (_, b) in zip(before, after, strict=True)) > 38
    assert all(np.any(b[:, :width] != b[:, width:]) for _, b in after)


@pytest.mark.parametrize(
    ("look", "size", "name"),
    [
        (("--mode", "half_sbs"), (160, 96), "scene_LR.mp4"),
        (("--mode", "top_bottom"), (160, 192), "scene_TBF_fulltb.mp4"),
        (("--anaglyph", "half_color"), (160, 96), "scene_redcyan_half_color.mp4"),
    ],
)
def test_the_layout_is_the_one_asked_for_and_the_name_says_it(scene, tmp_path, look, size, name):
    told = run_json(
        "convert", scene, "-o", f"{tmp_path}/", *look, "--end", 1, "--data", tmp_path / "d"
    )

    assert told["output"] == str(tmp_path / name)
    assert told["frames"] == 24
    with av.open(told["output"]) as film:
        assert (film.streams.video[0].width, film.streams.video[0].height) == size


def test_short_segments_and_one_segment_give_the_same_left_eye_bit_for_bit(scene, tmp_path):
    films = []
    for seconds in (1, 60):
        out = tmp_path / f"{seconds}.mp4"
        run("convert", scene, "-o", out, "--segment-duration", seconds, "--crf", 0,
            "--data", tmp_path / "d")  # fmt: skip
        films.append(shown(out))

    for (_, a), (_, b) in zip(*films, strict=True):
        assert np.array_equal(a[:, :160], b[:, :160])
    steps = [float(np.mean(np.abs(a[1][:, 160:] - b[1][:, 160:].astype(float))))
             for a, b in zip(*films, strict=True)]  # fmt: skip
    assert np.mean(steps) < 1.0, "the right eyes are not the same picture"


def test_the_same_command_again_says_it_is_done(scene, tmp_path):
    arguments = ("convert", scene, "-o", tmp_path / "o.mp4", "--end", 1, "--data", tmp_path / "d")
    run_json(*arguments)

    again = run_json(*arguments)

    assert again["already_done"] and (tmp_path / "o.mp4").exists()


def test_a_result_that_was_deleted_is_made_again(scene, tmp_path):
    out = tmp_path / "o.mp4"
    arguments = ("convert", scene, "-o", out, "--end", 1, "--data", tmp_path / "d")
    run_json(*arguments)
    out.unlink()

    again = run_json(*arguments)

    assert not again["already_done"] and len(shown(out)) == 24


def test_nothing_is_kept_twice_and_nothing_is_left_over(scene, tmp_path):
    data = tmp_path / "d"
    run("convert", scene, "-o", tmp_path / "o.mp4", "--end", 1, "--data", data)

    assert list((data / "objects/blobs").iterdir()) == []
    assert not any((data / "scratch").rglob("*"))


def test_a_folder_is_converted_film_by_film_and_a_bad_one_stops_nothing(scene, tmp_path):
    films = tmp_path / "films"
    films.mkdir()
    (films / "a.mp4").write_bytes(scene.read_bytes())
    (films / "b.mp4").write_text("not a film")
    (films / "notes.txt").write_text("passed over")

    told = run_json("convert", films, "--end", 1, "--data", tmp_path / "d", expect=2)

    assert [film["ok"] for film in told["films"]] == [True, False]
    assert told["films"][1]["error_kind"] == "source_not_media"
    assert (films / "a_LRF_Full_SBS.mp4").exists()


def test_plan_and_probe_agree_with_the_film(scene):
    facts = run_json("probe", scene)
    plan = run_json("plan", scene, "--segment-duration", 2)

    assert (facts["frames"], facts["width"], facts["height"]) == (144, 160, 96)
    assert len(facts["audio"]) == 1
    assert plan["frames"] == 144 and plan["total"] == len(plan["segments"])
    assert sum(segment["n_frames"] for segment in plan["segments"]) == 144
    edges = [(s["start_pts"], s["end_pts"]) for s in plan["segments"]]
    assert all(a[1] == b[0] for a, b in pairwise(edges))


def test_without_a_place_named_nothing_that_stands_there_is_replaced(scene, tmp_path):
    film, theirs = tmp_path / "film.mp4", tmp_path / "film_LRF_Full_SBS.mp4"
    film.write_bytes(scene.read_bytes())
    theirs.write_text("somebody else's")
    second, third = (str(tmp_path / f"film ({n})_LRF_Full_SBS.mp4") for n in (2, 3))

    made = [
        run_json("convert", film, "--tier", "stub", "--end", end, "--data", tmp_path / "d")
        for end in (0.5, 0.5, 1)
    ]

    assert [told["output"] for told in made] == [second, second, third]
    assert [told["already_done"] for told in made] == [False, True, False]
    assert theirs.read_text() == "somebody else's"
