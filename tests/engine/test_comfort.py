"""The comfort report counts what it says."""

import numpy as np
import pytest
from stereo_engine.comfort import ComfortReport


def report(frames, cuts=(0,), hidden=0):
    comfort = ComfortReport()
    for index, frame in enumerate(frames):
        comfort.add(np.asarray(frame, np.float32), (200, 100), cut=index in cuts, hidden=hidden)
    return comfort.summary()


def test_depth_before_and_behind_the_screen_is_in_percent_of_width():
    left_half = np.where(np.arange(40) < 20, 2.0, -4.0) * np.ones((20, 1))

    got = report([left_half])

    assert (got["front_pct"], got["behind_pct"]) == (1.0, 2.0)


def test_the_largest_step_is_found_inside_shots_only():
    flat = np.ones((20, 40))

    got = report([0 * flat, 1 * flat, 9 * flat, 9.5 * flat], cuts=(0, 2))

    assert got["largest_step_pct"] == pytest.approx(0.5)
    assert got["mean_step_pct"] == pytest.approx((0.5 + 0.25) / 2)


def test_things_before_the_screen_at_its_edge_are_counted_by_frame():
    at_edge, inside = np.full((20, 40), -1.0), np.full((20, 40), -1.0)
    at_edge[5, 0] = inside[5, 20] = 3.0

    assert report([at_edge, inside])["window_violation_share"] == 0.5


def test_made_up_pixels_are_a_share_of_all():
    assert report([np.zeros((20, 40))] * 3, hidden=100)["hidden_share"] == 100 / (200 * 100)


def test_no_frames_give_an_empty_report():
    assert set(ComfortReport().summary().values()) == {0.0}
