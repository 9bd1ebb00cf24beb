"""`stereo-spot demo`: make a small film, convert it twice, say where the results are."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from stereo_spot.cli.options import DataOption, job_options, settings_with
from stereo_spot.cli.output import errors_told, notes, results
from stereo_spot.cli.run import Outcome, convert_film
from stereo_spot.media.engine import run_engine_tool
from stereo_spot.model import StereoMode
from stereo_spot.runtime.convert import make_folder
from stereo_spot.runtime.local import LocalMachine, drop_leftovers, open_machine
from stereo_spot.runtime.logs import log_to
from stereo_spot.settings.machine import Settings

_SECONDS, _SEGMENT_S, _STILL_AT_S = 4, 2.0, 1.5
_OPEN_WITH = {
    StereoMode.SBS: "open it in a VR headset's player, or look at it cross-eyed",
    StereoMode.ANAGLYPH: "open it in any player and wear red/cyan glasses",
}


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("demo"),
    data: DataOption = None,
) -> None:
    """Render a short scene with sound, convert it, and leave two films and two stills."""
    with errors_told():
        settings = settings_with(data=data)
        log_to(settings.data, settings.log_level)
        scene = _scene_in(out)
        with closing(open_machine(settings.data)) as machine:
            drop_leftovers(machine)
            made = [_converted(scene, mode, machine, settings) for mode in _OPEN_WITH]
        for outcome, still in made:
            results.print(f"\n{outcome.output}", style="bold", markup=False)
            results.print(f"    {_OPEN_WITH[outcome.job.mode]}")
            results.print(f"{still}\n    a still of it", markup=False)
        notes.print("\nYour own film:  [bold]stereo-spot convert FILM[/]")
        notes.print("The page:       [bold]stereo-spot serve[/]")


def _scene_in(out: Path) -> Path:
    make_folder(out)
    notes.print(f"Rendering a scene of {_SECONDS} seconds, with sound ...")
    scene = out / "scene.mp4"
    run_engine_tool("scene", str(scene), "--seconds", str(_SECONDS))
    return scene


def _converted(
    scene: Path, mode: StereoMode, machine: LocalMachine, settings: Settings
) -> tuple[Outcome, Path]:
    """Convert the scene and take a still of the result."""
    options = job_options(settings, None, mode=mode, segment_duration_s=_SEGMENT_S)
    notes.print(f"Converting it to {mode.replace('_', ' ')} ...")
    outcome = convert_film(
        scene, scene.parent / "", options, machine, settings=settings, quiet=True
    )
    still = outcome.output.with_suffix(".png")
    run_engine_tool("still", str(outcome.output), str(still), "--at", str(_STILL_AT_S))
    notes.print(f"    {outcome.job.frames} frames in {outcome.seconds:.1f} s")
    return outcome, still
