"""`stereo-spot convert`: one film, or every film in a folder."""

from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from stereo_spot.cli.options import (
    Codec,
    DataOption,
    Device,
    JsonOption,
    Preset,
    job_options,
    settings_with,
)
from stereo_spot.cli.output import errors_told, notes, print_json, told
from stereo_spot.cli.run import Outcome, convert_film
from stereo_spot.conversion.comfort import strength_warnings
from stereo_spot.conversion.naming import film_name
from stereo_spot.errors import ErrorKind, RequestError, SourceError, StereoSpotError
from stereo_spot.model import Container, JobOptions, StereoMode, Tier
from stereo_spot.runtime.convert import is_folder, make_folder
from stereo_spot.runtime.local import LocalMachine, drop_leftovers, open_machine
from stereo_spot.runtime.logs import log_to
from stereo_spot.runtime.tiers import check_tier
from stereo_spot.settings.machine import accept_licences

_FILMS = {".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mts", ".3gp"}
_OUTPUT_HELP = "A film to write, replacing what is there, or a folder: a name without a suffix."


def convert(
    source: Annotated[Path, typer.Argument(help="A film, or a folder of films.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help=_OUTPUT_HELP)] = None,
    mode: Annotated[StereoMode | None, typer.Option(help="Layout of the two eyes.")] = None,
    device: Annotated[
        Device | None, typer.Option("--for", help="What you watch on; picks the layout.")
    ] = None,
    max_disparity: Annotated[
        float | None, typer.Option(help="Strength, % of picture width (2.5).")
    ] = None,
    convergence: Annotated[
        float | None, typer.Option(help="Depth on the screen: 0 all in front, 1 all behind (0.7).")
    ] = None,
    tier: Annotated[Tier | None, typer.Option(help="How depth is found.")] = None,
    segment_duration: Annotated[
        float | None, typer.Option(help="Seconds per segment, 0.5 to 300 (30).")
    ] = None,
    start: Annotated[float | None, typer.Option(help="Begin at this second.")] = None,
    end: Annotated[float | None, typer.Option(help="Stop at this second.")] = None,
    crf: Annotated[int | None, typer.Option(help="Quality, 0 lossless to 51 (16).")] = None,
    preset: Annotated[Preset | None, typer.Option(help="Encoder preset (veryfast).")] = None,
    codec: Annotated[Codec | None, typer.Option(help="How it is coded (h264).")] = None,
    max_width: Annotated[int | None, typer.Option(help="Widest result in pixels.")] = None,
    container: Annotated[Container | None, typer.Option(help="mp4, mkv or auto.")] = None,
    workers: Annotated[int | None, typer.Option(help="Segments rendered at once.")] = None,
    force: Annotated[bool, typer.Option(help="Take a strength that hurts.")] = False,
    accept_licence: Annotated[
        list[str] | None, typer.Option(help="Name of a model whose licence you accept.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Convert a film to 3D. Interrupted and started again, it goes on where it stopped."""
    with errors_told(as_json=as_json):
        settings = settings_with(data=data, workers=workers, segment_duration_s=segment_duration)
        if settings.inference_backend == "stub" and tier is None:
            tier = Tier.STUB
        if container is None and output is not None and output.suffix.lower() == ".mkv":
            container = Container.MKV
        options = job_options(
            settings,
            device,
            force=force,
            mode=mode,
            max_disparity=max_disparity,
            convergence=convergence,
            tier=tier,
            start_s=start,
            end_s=end,
            crf=crf,
            preset=preset,
            codec=codec,
            max_width=max_width,
            container=container,
        )
        accept_licences(accept_licence or ())
        folder = is_folder(source)
        films = _films_in(source) if folder else [source]
        _check_output(source, output)
        check_tier(options.recipe.tier, settings)
        log_to(settings.data, settings.log_level)
        for warning in strength_warnings(options):
            notes.print(f"[yellow]{warning}[/]")
        with closing(open_machine(settings.data)) as machine:
            drop_leftovers(machine)
            if folder:
                _convert_all(films, output, options, machine, settings.workers, as_json=as_json)
                return
            outcome = convert_film(
                source, output, options, machine, workers=settings.workers, quiet=as_json
            )
        if as_json:
            print_json({"ok": True, **outcome.as_json()})


def _check_output(source: Path, output: Path | None) -> None:
    same = False
    with suppress(OSError):
        same = output is not None and output.samefile(source) and not source.is_dir()
    if same:
        raise RequestError(ErrorKind.BAD_REQUEST, "the result would replace the film itself")


def _films_in(folder: Path) -> list[Path]:
    """The films of a folder, but for those that we made."""
    try:
        found = sorted(p for p in folder.iterdir() if p.suffix.lower() in _FILMS and p.is_file())
    except OSError as error:
        raise SourceError(
            ErrorKind.SOURCE_UNREADABLE, f"cannot read the folder {folder}: {error.strerror}"
        ) from error
    films = [path for path in found if not _is_ours(path)]
    if not films:
        raise SourceError(ErrorKind.SOURCE_MISSING, f"there is no film in the folder {folder}")
    return films


def _titles(films: list[Path], mode: StereoMode) -> list[str]:
    """What to name each result after: the stem, or more where two films would get one name."""
    titles = [film.stem for film in films]
    for more in (
        [film.name for film in films],
        [f"{n} {film.name}" for n, film in enumerate(films)],
    ):
        names = [film_name(title, mode).casefold() for title in titles]
        taken = Counter(names)
        titles = [
            longer if taken[name] > 1 else title
            for title, longer, name in zip(titles, more, names, strict=True)
        ]
    return titles


def _is_ours(path: Path) -> bool:
    """Whether the name is one we give to results, so that a second run does not convert them."""
    marks = ("_LRF_Full_SBS", "_LR", "_TBF_fulltb", "_TB", "_redcyan_dubois")
    return path.stem.endswith(marks)


def _convert_all(
    films: list[Path],
    output: Path | None,
    options: JobOptions,
    machine: LocalMachine,
    workers: int,
    *,
    as_json: bool,
) -> None:
    """Convert a folder film by film; a film that cannot be used does not stop the others."""
    done: list[dict[str, Any]] = []
    worst = 0
    if output is not None:
        make_folder(output)
    for film, title in zip(films, _titles(films, options.recipe.mode), strict=True):
        try:
            outcome: Outcome = convert_film(
                film, output, options, machine, workers=workers, quiet=as_json, title=title
            )
            done.append({"ok": True, **outcome.as_json()})
        except StereoSpotError as error:
            worst = max(worst, error.exit_code)
            done.append(
                {"ok": False, "source": str(film), "error_kind": error.kind,
                 "message": error.message}
            )  # fmt: skip
            if not as_json:
                notes.print(f"{escape(film.name)}: {told(error)}")
    if as_json:
        print_json({"ok": worst == 0, "films": done})
    if worst:
        raise typer.Exit(worst)
