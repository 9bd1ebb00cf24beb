"""The engine opens media behind the same fence as the library."""

import stereo_engine.guard
import stereo_spot.media.guard


def test_both_fences_let_the_same_formats_and_protocols_through():
    assert stereo_engine.guard.GUARD == stereo_spot.media.guard.GUARD
