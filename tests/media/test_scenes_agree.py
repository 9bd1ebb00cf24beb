"""The planner's border and the analyzer's scene: found in two ways, at the same frame."""

from contextlib import closing
from fractions import Fraction
from pathlib import Path

import pytest
from stereo_spot.adapters.local.folder import FileVersion
from stereo_spot.media.detect import find_scenes
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.plan import plan
from stereo_spot.model import JobOptions

from tests.analysis.kit import RATE, film


@pytest.mark.parametrize("seconds", [1.6, 2.0, 2.4])
def test_a_border_at_a_cut_is_the_begin_of_a_scene(tmp_path: Path, seconds: float) -> None:
    path = film(tmp_path / "film.mp4", ("red", "blue", "yellow", "green"), seconds=seconds)
    limits = MediaLimits()

    with closing(FileVersion(path, None, "film")) as source:
        made = plan(
            source,
            source_etag="e",
            options=JobOptions(segment_duration_s=2.1, scene_cuts=True),
            preroll_frames=5,
            limits=limits,
        )
        seen = find_scenes(source, duration_s=4 * seconds, limits=limits, frame_rate=Fraction(RATE))

    at_cuts = {
        round(window.base_index / RATE, 3)
        for window in made.windows
        if window.preroll_frames == 0  # the others lie where no cut was near
    }
    begins = {round(time, 3) for time in seen.starts}
    assert len(at_cuts) > 1 and at_cuts <= begins
