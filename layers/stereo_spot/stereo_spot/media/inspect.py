"""What a finished file is, by reading its packets only: for checking before it is kept."""

from stereo_spot.media import sandbox
from stereo_spot.media.guard import MediaLimits
from stereo_spot.model import AudioTrack, Frozen
from stereo_spot.ports import RangeReader


class StereoMarks(Frozen):
    """Where a file says that it is stereoscopic: `left_right`, `top_bottom` or None for each."""

    container: str | None = None
    """mp4 `st3d` box or Matroska StereoMode."""
    bitstream: str | None = None
    """Frame packing message in the video itself."""
    boxes: tuple[str, ...] = ()
    """All stereo boxes found: `st3d`, `vexu`, `sv3d`, `StereoMode`."""


class RenderedFacts(Frozen):
    """A file as its packets tell it."""

    frames: int
    width: int
    height: int
    codec: str
    pixel_format: str
    extradata_digest: str
    duration_s: float
    start_s: float
    """When the first frame is shown."""
    audio: tuple[AudioTrack, ...] = ()
    subtitles: int = 0
    chapters: int = 0
    stereo: StereoMarks = StereoMarks()


def inspect(source: RangeReader, *, limits: MediaLimits) -> RenderedFacts:
    """Read what `source` is.

    Raises:
        SourceError: it is not a whole, readable film.
    """
    result = sandbox.run("inspect", {}, readers=sandbox.one(source), limits=limits)
    return RenderedFacts.model_validate(result)
