"""The wiring of the analyzer: from settings to its parts, and the two things people ask of it.

`open_analyzer` gives what `analyze_file` and `search` take.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from stereo_spot.adapters.local.analysis_files import film_at
from stereo_spot.adapters.local.folder import film_id
from stereo_spot.analysis.embed import pixels_of
from stereo_spot.analysis.offline import OfflineEmbedder, colour_words
from stereo_spot.analysis.pipeline import Tell, analyze_video
from stereo_spot.analysis.ports import Contents, Embedder, ResultFiles
from stereo_spot.analysis.records import Video, VideoStatus
from stereo_spot.analysis.search import Hit, search_picture, search_text
from stereo_spot.analysis.stages import Analyzer
from stereo_spot.errors import (
    ErrorKind,
    MachineError,
    RequestError,
    SourceError,
    StereoSpotError,
)
from stereo_spot.ports import ObjectStore, RangeReader
from stereo_spot.runtime.analyzer_parts import Parts, options_of
from stereo_spot.settings.analyzer import AnalyzerSettings


@dataclass(frozen=True)
class Opened:
    """An analyzer that is ready to work, and the settings it was opened with."""

    analyzer: Analyzer
    settings: AnalyzerSettings
    parts: Parts

    @property
    def query_embedder(self) -> Embedder:
        """What turns a question into a vector: the same that made the stored ones."""
        return self.analyzer.embedder or OfflineEmbedder()


def read_settings() -> AnalyzerSettings:
    """The settings of the environment.

    Raises:
        RequestError: `bad_request` naming the first that does not hold; never its value, which
            may be a secret.
    """
    try:
        return AnalyzerSettings()
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = "_".join(map(str, first["loc"])).upper()
        raise RequestError(ErrorKind.BAD_REQUEST, f"{name}: {first['msg'].lower()}") from error


@contextmanager
def open_analyzer(
    settings: AnalyzerSettings | None = None, *, folder: Path | None = None
) -> Iterator[Opened]:
    """Open the stores that the settings name; `folder` wins over `DATA_DIR`.

    Raises:
        MachineError: `output_unwritable` when the data folder cannot be made or written.
        RequestError: `bad_request` when a setting that the others need is missing.
    """
    settings = settings or read_settings()
    if folder is not None:
        settings = settings.model_copy(update={"data_dir": folder})
    with ExitStack() as stack:
        try:
            settings.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MachineError(
                ErrorKind.OUTPUT_UNWRITABLE,
                f"cannot use the data folder {settings.folder}: {error.strerror}",
            ) from error
        parts = Parts(settings, stack)
        yield Opened(_analyzer(settings, parts), settings, parts)


def analyze_file(opened: Opened, path: Path, *, tell: Tell = lambda mark, ran: None) -> Contents:
    """Analyze a film where it lies, and keep what was found.

    The same file again only looks up what is known.

    Raises:
        SourceError: the film cannot be used.
    """
    path = path.expanduser().absolute()
    reader, version = film_at(path)
    reader.close()
    files = _Elsewhere(opened.analyzer.files, lambda _: film_at(path))
    analyzer = replace(opened.analyzer, files=files)
    return _analyze(analyzer, film_id(version), str(path), path.name, tell)


def analyze_stored(
    opened: Opened,
    video_id: str,
    *,
    objects: ObjectStore,
    key: str,
    title: str,
    wanted: Callable[[], bool] = lambda: True,
    tell: Tell = lambda mark, ran: None,
) -> Contents:
    """Analyze a film of the object store, such as the source of a conversion."""

    def find(path: str) -> tuple[RangeReader, str]:
        found = objects.head(path)
        if found is None:
            raise SourceError(ErrorKind.SOURCE_MISSING, f"there is no film at {path!r:.200}")
        return objects.open(path, etag=found.etag), found.etag

    files = _Elsewhere(opened.analyzer.files, find)
    analyzer = replace(opened.analyzer, files=files)
    return _analyze(analyzer, video_id, key, title, tell, wanted)


def search(
    opened: Opened,
    query: str | bytes,
    *,
    limit: int = 10,
    video_id: str | None = None,
) -> list[Hit]:
    """Moments for a few words, or, for the bytes of a picture, those that look like it."""
    rows = opened.analyzer.rows
    if isinstance(query, bytes):
        return search_picture(rows, query, limit=limit, video_id=video_id)
    return search_text(rows, opened.query_embedder, query, limit=limit, video_id=video_id)


def example_query(opened: Opened, found: Contents) -> str | None:
    """A word that finds the film: the first colour of its first picture."""
    pixels = pixels_of(opened.analyzer.files, found.frames[0]) if found.frames else None
    return None if pixels is None else next(iter(colour_words(pixels).split()), None)


def _analyze(
    analyzer: Analyzer,
    video_id: str,
    path: str,
    title: str,
    tell: Tell,
    wanted: Callable[[], bool] = lambda: True,
) -> Contents:
    known = analyzer.rows.contents(video_id)
    video = known.video if known else Video(id=video_id, original_path=path, original_name=title)
    if not known or video.original_path != path:
        analyzer.rows.save_video(video.model_copy(update={"original_path": path}))
    try:
        return analyze_video(analyzer, video_id, wanted=wanted, tell=tell)
    except StereoSpotError as error:
        now = analyzer.rows.contents(video_id)
        failed = {"status": VideoStatus.FAILED, "error": error.message}
        if now is not None:
            analyzer.rows.save_video(now.video.model_copy(update=failed))
        raise


@dataclass(frozen=True)
class _Elsewhere:
    """The film comes from another place; everything else is as it was."""

    files: ResultFiles
    find: Callable[[str], tuple[RangeReader, str]]

    def source(self, path: str) -> tuple[RangeReader, str]:
        return self.find(path)

    def put(self, key: str, content: bytes | Path) -> None:
        self.files.put(key, content)

    def open(self, key: str) -> RangeReader | None:
        return self.files.open(key)

    def keep_only(self, prefix: str, keys: Iterable[str]) -> None:
        self.files.keep_only(prefix, keys)


def _analyzer(settings: AnalyzerSettings, parts: Parts) -> Analyzer:
    storage, providers = parts.storage(), parts.providers()
    return Analyzer(
        rows=storage.rows,
        files=storage.files,
        scratch=settings.folder / "scratch",
        options=options_of(settings),
        transcriber=providers.transcriber,
        describer=providers.describer,
        embedder=providers.embedder,
    )
