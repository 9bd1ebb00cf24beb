"""The analyzer's scenes and the planner's borders come from one detector, looked at or known."""

from fractions import Fraction

import numpy as np
import pytest
from stereo_spot.media.detect import find_scenes
from stereo_spot.media.pictures import Picture, normalize
from stereo_spot.media.plan import plan
from stereo_spot.media.scenes import SceneDetector
from stereo_spot.model import JobOptions

from tests.analysis.kit import RATE, film
from tests.media.kit import LIMITS, FileReader

COLOURS = ("red", "blue", "yellow", "green")


def planned(reader, scenes=None, **options):
    return plan(
        reader,
        source_etag="e",
        options=JobOptions(scene_cuts=True, **options),
        preroll_frames=5,
        limits=LIMITS,
        scenes=scenes,
    )


def at_cuts(made):
    """Times of the borders that need no pre-roll: those at the first frame of a scene."""
    rate = Fraction(made.facts.frame_rate)
    return [
        float(window.base_index / rate) for window in made.windows[1:] if not window.preroll_frames
    ]


def seen(pictures):
    detector = SceneDetector()
    for number, pixels in enumerate(pictures):
        height, width, _ = pixels.shape
        detector.see(
            Picture(time=number / RATE, width=width, height=height, pixels=pixels.tobytes())
        )
    return detector.cuts()


def test_a_cut_is_told_from_a_pan_and_a_fade():
    noise = np.random.default_rng(5).integers(0, 256, (3, 9, 3), np.uint8)
    wide = np.kron(noise, np.ones((30, 40, 1), np.uint8))  # [90, 360, 3]
    pan = [wide[:, x : x + 160].copy() for x in range(0, 150, 3)]
    other = [255 - picture for picture in pan]
    fade = [(wide[:, :160] * (1 - step / 50)).astype(np.uint8) for step in range(50)]

    assert seen(pan) == []
    assert seen(fade) == []
    assert seen(pan + other) == pytest.approx([len(pan) / RATE], abs=1e-4)


@pytest.mark.parametrize("seconds", [1.6, 2.0, 2.4])
def test_a_border_at_a_cut_is_the_begin_of_a_scene(tmp_path, seconds):
    path = film(tmp_path / "film.mp4", COLOURS, seconds=seconds)

    made = planned(FileReader(path), segment_duration_s=2.1)
    found = find_scenes(FileReader(path), duration_s=4 * seconds, limits=LIMITS)

    assert len(at_cuts(made)) > 1
    assert {round(time, 3) for time in at_cuts(made)} <= {round(time, 3) for time in found.starts}


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_known_scenes_give_the_plan_that_looking_gives(tmp_path, name):
    """Known from the normalized film, whose frames lie elsewhere in time."""
    path, small = film(tmp_path / name, COLOURS, seconds=1.32), tmp_path / "small.mp4"
    normalize(FileReader(path), video=small, audio=tmp_path / "sound.wav", limits=LIMITS)
    known = find_scenes(FileReader(small), duration_s=5.3, limits=LIMITS).starts[1:]

    for duration in (0.9, 1.4, 2.6):
        looked = planned(FileReader(path), segment_duration_s=duration)
        assert at_cuts(looked) != []
        assert looked == planned(FileReader(path), known, segment_duration_s=duration)


def test_known_scenes_are_taken_without_a_look_at_the_film(tmp_path):
    path = film(tmp_path / "film.mp4", COLOURS, seconds=2.0)

    made = planned(FileReader(path), [1.8, 4.1], segment_duration_s=2.1)
    uncut = planned(FileReader(path), [], segment_duration_s=2.1)

    assert at_cuts(made) == pytest.approx([1.8, 4.08])  # 4.1 lies between two frames
    assert at_cuts(uncut) == []


@pytest.mark.parametrize(("scene", "border"), [(1.28, 1.28), (1.16, 2.0), (2.72, 2.72)])
def test_a_cut_counts_up_to_the_edge_of_what_is_looked_at(tmp_path, scene, border):
    """Borders move by at most two fifths of a segment; beside that edge the detector sees more."""
    path = film(tmp_path / "film.mp4", ("red", "blue", "blue"), seconds=scene)

    made = planned(FileReader(path), segment_duration_s=2.0)

    assert made.windows[1].base_index / RATE == pytest.approx(border)
