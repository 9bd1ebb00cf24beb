"""What the analyzer needs from the world. Every port has at least two real adapters.

An adapter is any class with these methods; nothing has to be inherited. `docs/analyzer.md` builds
one from scratch.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from stereo_spot.analysis.records import (
    Caption,
    Entities,
    Frame,
    Near,
    Scene,
    StageMark,
    Told,
    TranscriptSegment,
    Vector,
    VectorKind,
    Video,
)
from stereo_spot.model import Frozen, Seconds
from stereo_spot.ports import RangeReader


class Claim(Frozen):
    """A job that this worker holds until its lease runs out."""

    job_id: str
    video_id: str
    attempts: int
    """Which attempt this is, from 1; one more than are allowed when the last worker died."""
    token: str
    """Proves the hold; a lost one is worth nothing."""
    path: str | None = None
    """Where the film lies, when the job says so itself."""


class Waiting(Frozen):
    """A job as `/jobs/peek` shows it."""

    id: str
    video_id: str
    status: str
    attempts: int
    created_at: Seconds


class JobSource(Protocol):
    """Where jobs come from. A job is handed out until someone completes it or it fails for good.

    Whose worker died comes again like any other; the worker that gets it knows how many attempts
    are allowed, and ends it.
    """

    def claim(self) -> Claim | None:
        """The next job that is due, held for the lease; None when there is none."""
        ...

    def extend(self, claim: Claim) -> bool:
        """Hold it for another lease; False when it is no longer ours."""
        ...

    def complete(self, claim: Claim) -> bool:
        """It is done; False when it was no longer ours, which changes nothing."""
        ...

    def give_back(self, claim: Claim, *, error: str | None, retry_in_s: float | None) -> bool:
        """Not done. With `error` it failed: due again in `retry_in_s`, or never when that is None.

        Without `error` it is handed back untouched, due at once, and the attempt does not count.
        """
        ...

    def peek(self, limit: int = 10) -> tuple[Mapping[str, int], Sequence[Waiting]]:
        """Jobs by status, and the next ones to come; a hint."""
        ...


class Contents(Frozen):
    """All rows of a film."""

    video: Video
    scenes: tuple[Scene, ...] = ()
    frames: tuple[Frame, ...] = ()
    transcript: tuple[TranscriptSegment, ...] = ()
    captions: tuple[Caption, ...] = ()
    marks: tuple[StageMark, ...] = ()


StageRow = Scene | Frame | TranscriptSegment


class ResultRows(Protocol):
    """The rows. Every write may be repeated: rows are replaced by their id, never doubled."""

    def save_video(self, video: Video) -> None:
        """Store or replace the row of a film."""
        ...

    def contents(self, video_id: str) -> Contents | None:
        """Everything known of a film; None when it is unknown."""
        ...

    def replace(self, video_id: str, kind: type[StageRow], rows: Sequence[StageRow]) -> None:
        """Make `rows` all the rows of this kind that the film has.

        What hangs on a row that goes (captions, vectors) goes with it.
        """
        ...

    def save_captions(self, video_id: str, captions: Sequence[Caption]) -> None:
        """Store or replace captions."""
        ...

    def mark(self, video_id: str, mark: StageMark) -> None:
        """Note that a stage ended."""
        ...

    def forget(self, video_id: str) -> None:
        """Remove every row of a film; one that is unknown is no error."""
        ...

    def save_vectors(self, vectors: Sequence[Vector]) -> None:
        """Store or replace vectors of rows."""
        ...

    def nearest(
        self,
        kind: VectorKind,
        model: str,
        values: Sequence[float],
        *,
        limit: int,
        video_id: str | None = None,
    ) -> list[Near]:
        """The rows whose vectors of this model point most nearly the same way, best first."""
        ...

    def counts(self) -> dict[str, int]:
        """How many rows of each table there are."""
        ...


class ResultFiles(Protocol):
    """The films and what is made of them, by key."""

    def source(self, path: str) -> tuple[RangeReader, str]:
        """A film to read, and the version of its bytes.

        Raises:
            SourceError: `source_missing` when nothing is there.
            RequestError: `bad_request` for a path outside the place that holds films.
        """
        ...

    def put(self, key: str, content: bytes | Path) -> None:
        """Store or replace a file; it appears whole or not at all."""
        ...

    def open(self, key: str) -> RangeReader | None:
        """A stored file; None when it is not there."""
        ...

    def keep_only(self, prefix: str, keys: Iterable[str]) -> None:
        """Remove what lies under `prefix` and is not one of `keys`."""
        ...


class Spoken(Frozen):
    """A piece of speech and when it was heard."""

    start: float
    end: float
    text: Told


class Transcriber(Protocol):
    """Turns sound into text."""

    name: str

    def transcribe(self, wave: Path) -> list[Spoken]:
        """What is said in a 16 kHz mono wave file.

        Raises:
            ProviderError: there is no usable answer.
        """
        ...


class Described(Frozen):
    """What a picture shows."""

    caption: Told
    entities: Entities = Entities()


class Describer(Protocol):
    """Turns a picture into words."""

    name: str

    def describe(self, jpeg: bytes) -> Described:
        """What the picture shows.

        Raises:
            ProviderError: there is no usable answer.
        """
        ...


class Embedder(Protocol):
    """Turns texts into vectors of the stored length."""

    name: str

    def embed(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        """One vector for each text, in order.

        Raises:
            ProviderError: there is no usable answer.
        """
        ...
