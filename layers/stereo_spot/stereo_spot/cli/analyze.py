"""`stereo-spot analyze` and `search`: make films searchable, and find moments in them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stereo_spot.cli.options import DataOption, JsonOption, path, settings_with
from stereo_spot.cli.output import errors_told, notes, print_json, results
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.runtime.convert import check_source
from stereo_spot.runtime.logs import log_to

if TYPE_CHECKING:
    from stereo_spot.analysis.ports import Contents
    from stereo_spot.analysis.records import StageMark


def analyze(
    source: Annotated[Path, typer.Argument(parser=path, help="A film.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find scenes, pictures, speech and captions of a film, and keep them for `search`."""
    with errors_told(as_json=as_json):
        from stereo_spot.analysis.pipeline import in_order
        from stereo_spot.runtime.analyzer import analyze_file, example_query, open_analyzer

        check_source(source)
        settings = settings_with(data=data)
        log_to(settings.data, settings.log_level)

        def tell(mark: "StageMark", ran: bool) -> None:
            known = "" if ran else " (known already)"
            note = f": {mark.note}" if mark.note else ""
            notes.print(f"{mark.stage:12} {mark.state}{known}{note}", markup=False)

        with open_analyzer(folder=_folder(data)) as opened:
            quiet = {} if as_json else {"tell": tell}
            found = analyze_file(opened, source, **quiet)
            folder = opened.settings.folder
            example = None if as_json else example_query(opened, found)
        if as_json:
            found = found.model_copy(update={"marks": in_order(found.marks)})
            print_json({"ok": True, "folder": str(folder), **found.model_dump(mode="json")})
            return
        results.print(_summary(found, folder), markup=False)
        if example:
            notes.print(f"Find a moment in it: stereo-spot search {example}, or --like PICTURE")


def search(
    query: Annotated[str | None, typer.Argument(help="A few words.")] = None,
    like: Annotated[Path | None, typer.Option("--like", help="A picture instead.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most so many.")] = 10,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find moments by words, or such that look like a picture."""
    with errors_told(as_json=as_json):
        from stereo_spot.runtime.analyzer import open_analyzer
        from stereo_spot.runtime.analyzer import search as search_in

        with open_analyzer(folder=_folder(data)) as opened:
            hits = search_in(opened, _question(query, like), limit=limit)
            films = opened.analyzer.rows.counts()["videos"]
        if as_json:
            print_json({"ok": True, "hits": [hit.model_dump(mode="json") for hit in hits]})
            return
        if not hits:
            notes.print(_nothing(films))
        widest = max((len(hit.title) for hit in hits), default=0)
        for hit in hits:
            told = f"{_clock(hit.t_start)}  {hit.title:{widest}}  {hit.score:.2f}  {hit.found_in:8}"
            results.print(f"{told} {hit.text}".rstrip(), markup=False)


def _summary(found: "Contents", folder: Path) -> str:
    """What came of an analysis, and where its pictures are."""
    kinds = {
        "scene": found.scenes, "picture": found.frames, "spoken line": found.transcript,
        "caption": found.captions,
    }  # fmt: skip
    told = [
        f"{len(rows)} {kind}{'' if len(rows) == 1 else 's'}" for kind, rows in kinds.items() if rows
    ]
    place = (folder / found.frames[0].path).parent if found.frames else folder
    return f"{', '.join(told)}; pictures in {place}"


def _nothing(films: int) -> str:
    if not films:
        return "No film is known yet. `stereo-spot analyze FILM` makes one searchable."
    return "Nothing found. Without services, films are searched by colours and pictures."


def _folder(data: Path | None) -> Path | None:
    """The analyzer's part of the data folder, where the page keeps its films too."""
    return data / "analysis" if data is not None else None


def _question(query: str | None, like: Path | None) -> str | bytes:
    if (query is None) == (like is None):
        raise RequestError(ErrorKind.BAD_REQUEST, "say a few words, or --like PICTURE")
    if like is None:
        return query or ""
    check_source(like)
    return like.read_bytes()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes):3d}:{rest:05.2f}"
