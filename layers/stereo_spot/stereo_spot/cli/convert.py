"""`stereo-spot convert`: one film, or every film in a folder."""

from collections import Counter
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from stereo_spot.cli.flags import (
    AnaglyphFlag,
    CodecFlag,
    ContainerFlag,
    ConvergenceFlag,
    CrfFlag,
    DepthFromFlag,
    DeviceFlag,
    ExportDepthFlag,
    FillFlag,
    ForceFlag,
    LicenceFlag,
    ModeFlag,
    PixelsFlag,
    PresetFlag,
    SegmentFlag,
    StrengthFlag,
    SwapFlag,
    SynthFlag,
    TierFlag,
    WidthFlag,
    WindowFlag,
    WorkersFlag,
)
from stereo_spot.cli.options import (
    DataOption,
    Device,
    JsonOption,
    job_options,
    path,
    settings_with,
)
from stereo_spot.cli.output import errors_told, notes, print_json, told
from stereo_spot.cli.run import Outcome, convert_film
from stereo_spot.conversion.comfort import strength_warnings
from stereo_spot.conversion.naming import film_name, is_film_name
from stereo_spot.errors import ErrorKind, RequestError, SourceError, StereoSpotError
from stereo_spot.model import AnaglyphMethod, Container, JobOptions, Recipe, StereoMode, Tier
from stereo_spot.runtime.convert import is_folder, make_folder
from stereo_spot.runtime.depth_files import depth_options, of_this_machine, one_film_only
from stereo_spot.runtime.local import LocalMachine, drop_leftovers, open_machine
from stereo_spot.runtime.logs import log_to
from stereo_spot.runtime.tiers import check_tier
from stereo_spot.settings.machine import Settings, accept_licences

_FILMS = {".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mts", ".3gp"}
_MOST_NAMED = 5
_SOURCE_HELP = "A film, or a folder of films."
_OUTPUT_HELP = "A film to write, replacing what is there, or a folder: a name without a suffix."
OutputOption = Annotated[
    Path | None, typer.Option("-o", "--output", parser=path, help=_OUTPUT_HELP)
]


def convert(
    source: Annotated[Path, typer.Argument(parser=path, help=_SOURCE_HELP)],
    output: OutputOption = None,
    device: DeviceFlag = None,
    mode: ModeFlag = None,
    anaglyph: AnaglyphFlag = None,
    max_disparity: StrengthFlag = None,
    convergence: ConvergenceFlag = None,
    swap_eyes: SwapFlag = False,
    floating_window: WindowFlag = False,
    tier: TierFlag = None,
    synth: SynthFlag = None,
    fill: FillFlag = None,
    depth_from: DepthFromFlag = None,
    export_depth: ExportDepthFlag = None,
    accept_licence: LicenceFlag = None,
    crf: CrfFlag = None,
    preset: PresetFlag = None,
    codec: CodecFlag = None,
    pix_fmt: PixelsFlag = None,
    max_width: WidthFlag = None,
    container: ContainerFlag = None,
    start: Annotated[float | None, typer.Option(help="Begin at this second.")] = None,
    end: Annotated[float | None, typer.Option(help="Stop at this second.")] = None,
    segment_duration: SegmentFlag = None,
    workers: WorkersFlag = None,
    force: ForceFlag = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Convert a film to 3D. Interrupted and started again, it goes on where it stopped."""
    with errors_told(as_json=as_json):
        settings = settings_with(data=data, workers=workers, segment_duration_s=segment_duration)
        options = _options(
            settings,
            output,
            device,
            force=force,
            mode=mode,
            anaglyph=anaglyph,
            max_disparity=max_disparity,
            convergence=convergence,
            swap_eyes=swap_eyes,
            floating_window=floating_window,
            tier=tier,
            synth=synth,
            fill=fill,
            start_s=start,
            end_s=end,
            crf=crf,
            preset=preset,
            codec=codec,
            pix_fmt=pix_fmt,
            max_width=max_width,
            container=container,
            **depth_options(depth_from, export_depth),
        )
        of_this_machine(options.recipe, settings)
        accept_licences(accept_licence or ())
        folder = is_folder(source)
        films, passed_over = _films_in(source, options.recipe) if folder else ([source], [])
        _check_output(source, output)
        check_tier(options.recipe.tier, settings)
        log_to(settings.data, settings.log_level)
        for warning in strength_warnings(options):
            notes.print(f"[yellow]{warning}[/]")
        with closing(open_machine(settings.data)) as machine:
            drop_leftovers(machine)
            whole = partial(_convert_all, passed_over=passed_over)
            convert_them = whole if folder else _convert_one
            convert_them(films, output, options, machine, settings, as_json=as_json)


def _options(
    settings: Settings,
    output: Path | None,
    device: Device | None,
    *,
    mode: StereoMode | None,
    anaglyph: AnaglyphMethod | None,
    tier: Tier | None,
    container: Container | None,
    **given: Any,
) -> JobOptions:
    """What was chosen, and what that implies."""
    if settings.inference_backend == "stub" and tier is None:
        tier = Tier.STUB
    if anaglyph is not None and mode is None and device is None:
        mode = StereoMode.ANAGLYPH
    if container is None and output is not None and output.suffix.lower() == ".mkv":
        container = Container.MKV
    given |= {"mode": mode, "anaglyph": anaglyph, "tier": tier, "container": container}
    options = job_options(settings, device, **given)
    if anaglyph is not None and options.recipe.mode is not StereoMode.ANAGLYPH:
        text = f"--anaglyph mixes colours for glasses; the layout {options.recipe.mode} has none"
        raise RequestError(ErrorKind.BAD_REQUEST, text)
    return options


def _check_output(source: Path, output: Path | None) -> None:
    same = False
    with suppress(OSError):
        same = output is not None and output.samefile(source) and not source.is_dir()
    if same:
        raise RequestError(ErrorKind.BAD_REQUEST, "the result would replace the film itself")
    one = output is not None and output.suffix.lower() in _FILMS and not is_folder(output)
    if one and is_folder(source):
        text = f"{source} is a folder, and {output} names one film; name a folder"
        raise RequestError(ErrorKind.BAD_REQUEST, text)


def _films_in(folder: Path, recipe: Recipe) -> tuple[list[Path], list[Path]]:
    """The films of a folder, and those to pass over: their names are what we call results."""
    one_film_only(recipe)
    try:
        found = sorted(p for p in folder.iterdir() if p.suffix.lower() in _FILMS and p.is_file())
    except OSError as error:
        raise SourceError(
            ErrorKind.SOURCE_UNREADABLE, f"cannot read the folder {folder}: {error.strerror}"
        ) from error
    films = [film for film in found if not is_film_name(film.stem)]
    passed_over = [film for film in found if is_film_name(film.stem)]
    if not films:
        but = f". {_said(passed_over)}" if passed_over else ""
        raise SourceError(ErrorKind.SOURCE_MISSING, f"there is no film in the folder {folder}{but}")
    return films, passed_over


def _said(passed_over: list[Path]) -> str:
    """Which films were passed over, in a line; a person's own may be among them."""
    names = ", ".join(film.name for film in passed_over[:_MOST_NAMED])
    more = len(passed_over) - _MOST_NAMED
    others = f" and {more} more" if more > 0 else ""
    return f"Passed over, being named like results: {names}{others}; name one alone to convert it"


def _titles(films: list[Path], recipe: Recipe) -> list[str]:
    """What to name each result after: the stem, or more where two films would get one name."""
    titles = [film.stem for film in films]
    for more in (
        [film.name for film in films],
        [f"{n} {film.name}" for n, film in enumerate(films)],
    ):
        names = [film_name(title, recipe).casefold() for title in titles]
        taken = Counter(names)
        titles = [
            longer if taken[name] > 1 else title
            for title, longer, name in zip(titles, more, names, strict=True)
        ]
    return titles


def _convert_one(
    films: list[Path],
    output: Path | None,
    options: JobOptions,
    machine: LocalMachine,
    settings: Settings,
    *,
    as_json: bool,
) -> None:
    """Convert the one film that was named."""
    (film,) = films
    outcome = convert_film(film, output, options, machine, settings=settings, quiet=as_json)
    if as_json:
        print_json({"ok": True, **outcome.as_json()})


def _convert_all(
    films: list[Path],
    output: Path | None,
    options: JobOptions,
    machine: LocalMachine,
    settings: Settings,
    *,
    as_json: bool,
    passed_over: list[Path],
) -> None:
    """Convert a folder film by film; a film that cannot be used does not stop the others."""
    done: list[dict[str, Any]] = []
    worst = 0
    if output is not None:
        make_folder(output)
    if passed_over:
        notes.print(_said(passed_over), markup=False)
    for film, title in zip(films, _titles(films, options.recipe), strict=True):
        try:
            outcome: Outcome = convert_film(
                film, output, options, machine, settings=settings, quiet=as_json, title=title
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
        over = [str(film) for film in passed_over]
        print_json({"ok": worst == 0, "films": done, "passed_over": over})
    if worst:
        raise typer.Exit(worst)
