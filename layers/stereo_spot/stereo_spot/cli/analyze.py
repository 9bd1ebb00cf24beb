"""`stereo-spot analyze` and `search`: make films searchable, and find moments in them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stereo_spot.cli.options import DataOption, JsonOption, settings_with
from stereo_spot.cli.output import errors_told, notes, print_json, results
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.runtime.convert import check_source
from stereo_spot.runtime.logs import log_to

if TYPE_CHECKING:
    from stereo_spot.analysis.records import StageMark


def analyze(
    source: Annotated[Path, typer.Argument(help="A film.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find scenes, pictures, speech and captions of a film, and keep them for `search`."""
    with errors_told(as_json=as_json):
        from stereo_spot.analysis.pipeline import in_order
        from stereo_spot.runtime.analyzer import analyze_file, open_analyzer

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
        if as_json:
            found = found.model_copy(update={"marks": in_order(found.marks)})
            print_json({"ok": True, **found.model_dump(mode="json")})
            return
        results.print(
            f"{len(found.scenes)} scenes, {len(found.frames)} pictures, "
            f"{len(found.transcript)} stretches of speech, {len(found.captions)} captions"
        )


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
        if as_json:
            print_json({"ok": True, "hits": [hit.model_dump(mode="json") for hit in hits]})
            return
        if not hits:
            notes.print("Nothing found. `stereo-spot analyze FILM` makes a film searchable.")
        for hit in hits:
            results.print(
                f"{_clock(hit.t_start)} - {_clock(hit.t_end)}  {hit.score:.2f}  {hit.title}  "
                f"{hit.found_in}  {hit.text}",
                markup=False,
            )


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
