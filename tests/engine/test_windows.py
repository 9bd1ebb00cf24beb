"""Which frames are written."""

from dataclasses import dataclass
from fractions import Fraction

import pytest
from stereo_engine.errors import EngineError
from stereo_engine.windows import Selection, select


@dataclass(frozen=True)
class Shown:
    at: Fraction | None


FRAMES = [Shown(Fraction(n, 25)) for n in range(20)]


def chosen(selection, frames=FRAMES):
    return [(frames.index(frame), wanted) for frame, wanted in select(frames, selection)]


def test_all_frames_are_written_when_nothing_is_asked():
    assert chosen(Selection()) == [(n, True) for n in range(20)]


def test_preroll_comes_first_and_is_not_written():
    got = chosen(Selection(skip_frames=2, n_frames=3, from_time=Fraction(4, 25)))

    assert got == [(4, False), (5, False), (6, True), (7, True), (8, True)]


def test_frames_that_only_lead_in_to_later_ones_are_dropped_wherever_they_lie():
    lead_in = [Shown(Fraction(-n, 7)) for n in (3, 2, 1)]
    frames = [*FRAMES[:6], *lead_in, *FRAMES[6:]]

    got = chosen(Selection(n_frames=4, from_time=Fraction(4, 25)), frames)

    assert got == [(4, True), (5, True), (9, True), (10, True)]


@pytest.mark.parametrize(("late", "first"), [(Fraction(4, 10_000), 4), (Fraction(6, 10_000), 5)])
def test_half_a_millisecond_is_forgiven(late, first):
    got = chosen(Selection(n_frames=1, from_time=Fraction(4, 25) + late))

    assert got == [(first, True)]


def test_frames_without_a_time_are_taken_as_they_come():
    frames = [Shown(None), Shown(None)]

    assert [wanted for _, wanted in select(frames, Selection(from_time=Fraction(1)))] == [True] * 2


def test_too_few_frames_name_both_counts():
    with pytest.raises(EngineError, match=r"asked for 30 frames, the file has 18") as caught:
        chosen(Selection(skip_frames=2, n_frames=30))

    assert caught.value.kind == "source_truncated"


@pytest.mark.parametrize("wrong", [{"skip_frames": -1}, {"n_frames": 0}])
def test_impossible_counts_are_refused(wrong):
    with pytest.raises(EngineError) as caught:
        Selection(**wrong)

    assert caught.value.kind == "bad_request"
