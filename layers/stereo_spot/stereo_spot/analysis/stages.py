"""What every stage is, and what one run over a film carries from stage to stage."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stereo_spot.analysis.errors import Interrupted
from stereo_spot.analysis.options import AnalysisOptions
from stereo_spot.analysis.ports import (
    Contents,
    Describer,
    Embedder,
    ResultFiles,
    ResultRows,
    Transcriber,
)
from stereo_spot.analysis.records import Video, normalized_key
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.media.guard import MediaLimits
from stereo_spot.ports import RangeReader


@dataclass(frozen=True)
class Analyzer:
    """Everything the stages need from the world."""

    rows: ResultRows
    files: ResultFiles
    scratch: Path
    options: AnalysisOptions = field(default_factory=AnalysisOptions)
    limits: MediaLimits = field(default_factory=MediaLimits)
    transcriber: Transcriber | None = None
    describer: Describer | None = None
    embedder: Embedder | None = None


@dataclass
class Work:
    """One film on its way through the stages."""

    analyzer: Analyzer
    video_id: str
    source: RangeReader
    version: str
    scratch: Path
    wanted: Callable[[], bool] = field(default=lambda: True)
    """Whether the work is still wanted: not stopped, and the job still ours."""

    def check(self) -> None:
        """Stop here when nobody waits for the result any more."""
        if not self.wanted():
            raise Interrupted(self.video_id)

    def contents(self) -> Contents:
        """All rows as they are now."""
        found = self.analyzer.rows.contents(self.video_id)
        if found is None:
            raise RequestError(ErrorKind.NOT_FOUND, f"there is no video {self.video_id!r}")
        return found

    def video(self) -> Video:
        """The film's row as it is now."""
        return self.contents().video

    def update_video(self, **changes: Any) -> None:
        """Change the film's row."""
        self.analyzer.rows.save_video(self.video().model_copy(update=changes))

    @contextmanager
    def film(self) -> Iterator[RangeReader]:
        """The normalized film where there is one, else the film as it came."""
        found = None
        if self.video().normalized_path is not None:
            found = self.analyzer.files.open(normalized_key(self.video_id))
        try:
            yield found or self.source
        finally:
            if found is not None:
                found.close()


@dataclass(frozen=True)
class Stage:
    """One step of the analysis. `run` may be repeated: the same input gives the same rows."""

    name: str
    version: int
    reads: tuple[str, ...]
    """The stages whose results it uses."""
    settings: Callable[[Analyzer], dict[str, Any]]
    run: Callable[[Work], str]
    """Does the work and says in a few words what came of it."""
    off: Callable[[Work], str | None] = lambda work: None
    """Why the stage does not run here; None when it does."""
    clear: Callable[[Work], None] = lambda work: None
    """Remove what an earlier run on another input left."""
    intact: Callable[[Work], bool] = lambda work: True
    """Whether the files that a finished run made are still there."""


def counted(number: int, what: str) -> str:
    """A number of things, as the note of a stage says it."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def basis_of(stage: Stage, settings: dict[str, Any], upstream: list[str]) -> str:
    """Names what a stage works from: the same basis gives the same results."""
    body = json.dumps([stage.name, stage.version, settings, upstream], sort_keys=True)
    return hashlib.sha256(body.encode()).hexdigest()[:32]
