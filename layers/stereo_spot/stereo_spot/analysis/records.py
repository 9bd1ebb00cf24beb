"""What is known of a film that was analyzed: the rows, their ids and the keys of their files."""

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.model import Frozen, Row

VIDEO_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$"
DIMENSIONS = 1536
"""Length of every stored vector; shorter ones are filled up with zeros, which changes no angle."""

VideoId = Annotated[str, Field(pattern=VIDEO_ID_PATTERN)]
Time = Annotated[float, Field(ge=0.0)]
Told = Annotated[str, AfterValidator(lambda text: text.replace("\0", ""))]
"""What a service wrote, without the one character that not every store takes."""
Name = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""What someone named something, without that character."""


class VideoStatus(StrEnum):
    """Where a film stands."""

    UPLOADED = "uploaded"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


class Video(Row):
    """One film; `original_path` is relative to the folder or bucket that holds the films."""

    id: VideoId
    original_path: str
    original_name: str
    size_bytes: int = 0
    status: VideoStatus = VideoStatus.UPLOADED
    normalized_path: str | None = None
    duration_sec: float | None = None
    error: str | None = None


class Scene(Row):
    """A stretch of film without a cut."""

    id: str
    video_id: VideoId
    idx: int
    t_start: Time
    t_end: Time
    clip_path: str | None = None


class Frame(Row):
    """A picture that stands for a scene."""

    id: str
    scene_id: str
    t_frame: Time
    path: str
    phash: str
    """Perceptual hash, 64 bits as 16 hex digits."""


class TranscriptSegment(Row):
    """Something said."""

    id: str
    video_id: VideoId
    t_start: Time
    t_end: Time
    text: str

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.t_end < self.t_start:
            raise ValueError(f"the segment ends at {self.t_end} before it starts")
        return self


class Control(Frozen):
    """Something that can be read or operated: a gauge, a switch, a button."""

    label: Told
    kind: Told
    reading: Told | None = None
    units: Told | None = None


class TextSeen(Frozen):
    """Text in the picture."""

    text: Told
    confidence: float = Field(ge=0.0, le=1.0)


class Entities(Row):
    """What a caption lists beside its sentence."""

    controls: tuple[Control, ...] = ()
    text_on_screen: tuple[TextSeen, ...] = ()


class Caption(Row):
    """What a frame shows, in words."""

    id: str
    frame_id: str
    caption: str
    entities: Entities = Entities()
    made_by: str = ""
    """The model that wrote it."""

    @property
    def words(self) -> str:
        """Everything in it that can be searched."""
        seen = [text.text for text in self.entities.text_on_screen]
        labels = [control.label for control in self.entities.controls]
        return " ".join((self.caption, *labels, *seen))


class VectorKind(StrEnum):
    """What a vector stands for."""

    TRANSCRIPT = "transcript"
    CAPTION = "caption"
    PICTURE = "picture"
    """Look of a frame."""
    COLOURS = "colours"
    """Colour words of a frame."""


class Vector(Frozen):
    """A vector of one row; only vectors of the same model can be compared."""

    kind: VectorKind
    row_id: str
    video_id: VideoId
    model: str
    values: tuple[float, ...] = Field(min_length=DIMENSIONS, max_length=DIMENSIONS)


class StageState(StrEnum):
    """How a stage ended."""

    DONE = "done"
    SKIPPED = "skipped"


class StageMark(Row):
    """A stage that ended, and its basis: a name for its input and settings."""

    stage: str
    basis: str
    state: StageState
    note: str = ""


class Near(Frozen):
    """A row near to a question; 1 is the same, 0 has nothing in common."""

    row_id: str
    video_id: VideoId
    score: float


def check_video_id(video_id: str) -> str:
    """The id as it came, when it can be part of a key.

    Raises:
        RequestError: `bad_request` for anything else.
    """
    if not re.fullmatch(VIDEO_ID_PATTERN, video_id):
        raise RequestError(ErrorKind.BAD_REQUEST, f"not a video id: {video_id[:80]!r}")
    return video_id


def scene_id(video_id: str, number: int) -> str:
    """Id of a scene."""
    return f"{video_id}_scene_{number:03d}"


def frame_id(video_id: str, number: int) -> str:
    """Id of the frame of a scene."""
    return f"{video_id}_frame_{number:03d}"


def segment_id(video_id: str, number: int) -> str:
    """Id of a piece of transcript."""
    return f"{video_id}_segment_{number:03d}"


def caption_id(frame: str) -> str:
    """Id of the caption of a frame."""
    return f"{frame}_caption"


def normalized_key(video_id: str) -> str:
    """Where the normalized film lies."""
    return f"processed/{video_id}/normalized.mp4"


def audio_key(video_id: str) -> str:
    """Where the sound lies."""
    return f"processed/{video_id}/audio.wav"


def subtitle_key(video_id: str, suffix: str) -> str:
    """Where the transcript lies as subtitles (`srt` or `vtt`)."""
    return f"subs/{video_id}.{suffix}"


def frame_key(video_id: str, number: int) -> str:
    """Where the picture of a scene lies."""
    return f"frames/{video_id}/scene_{number:03d}.jpg"


def upload_key(video_id: str, name: str) -> str:
    """Where a film is put that came with this name."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", name).lstrip(".")[-100:] or "film"
    return f"uploads/{video_id}_{safe}"
