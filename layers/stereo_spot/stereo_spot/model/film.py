"""A film as its container tells it, how it is cut, and what the cut learnt."""

from stereo_spot.model.base import Frozen
from stereo_spot.model.options import JobOptions


class AudioTrack(Frozen):
    """One sound track of the source."""

    codec: str
    channels: int
    sample_rate: int
    language: str | None = None
    packets: int = 0
    """Packets of the track; the join reserves room for their index."""


class SourceFacts(Frozen):
    """What the container says about a source, before any of it is decoded."""

    frames: int
    """Frames a player shows; exact."""
    duration_s: float
    width: int
    height: int
    frame_rate: str
    """Average, as a fraction `num/den`."""
    time_base: str
    start_pts: int
    video_codec: str
    pixel_format: str
    container: str
    rotation: int = 0
    audio: tuple[AudioTrack, ...] = ()
    subtitles: int = 0
    subtitle_codecs: tuple[str, ...] = ()
    chapters: int = 0


class Window(Frozen):
    """One segment of the plan: the frames with start_pts <= pts < end_pts."""

    index: int
    start_pts: int
    end_pts: int
    n_frames: int
    base_index: int
    """Position of the first frame of the window in the planned film."""
    preroll_frames: int = 0
    """Frames before the window that the engine needs to see; 0 at the start and after a cut."""
    from_pts: int = 0
    """Time of the first pre-roll frame; `start_pts` where there is none."""
    first_packet: int = 0
    """Place among the video packets of the one that decoding begins with."""
    last_packet: int = 0
    """Place of the last packet that the window needs."""


class Plan(Frozen):
    """How a source is cut; a pure function of the source version and the options."""

    source_etag: str
    facts: SourceFacts
    options: JobOptions
    time_base: str
    windows: tuple[Window, ...]

    @property
    def total(self) -> int:
        """Number of segments."""
        return len(self.windows)

    @property
    def frames(self) -> int:
        """Number of frames of the finished film."""
        return sum(window.n_frames for window in self.windows)


class CutSegment(Frozen):
    """What the cut learnt about one segment."""

    index: int
    n_frames: int
    preroll_frames: int
    base_index: int
    from_time: str
    """Time of the first pre-roll frame in the segment file, seconds as `num/den`; earlier frames
    are there only because decoding needs them."""
    pts: tuple[int, ...]
    """Presentation times of the window's frames in the source time base."""


class Manifest(Frozen):
    """Exact times and counts of every segment, written once when the cut is done."""

    plan_digest: str
    time_base: str
    segments: tuple[CutSegment, ...]
