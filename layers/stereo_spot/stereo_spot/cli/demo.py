"""`stereo-spot demo`: make a small film, convert it twice, say where the results are."""

from pathlib import Path
from typing import Annotated

import typer

from stereo_spot.cli.options import DataOption, job_options, settings_with
from stereo_spot.cli.output import errors_told, log_to, notes, results
from stereo_spot.cli.run import convert_film
from stereo_spot.media.engine import run_engine_tool
from stereo_spot.model import StereoMode
from stereo_spot.runtime.local import drop_leftovers, open_machine

_SECONDS, _SEGMENT_S, _STILL_AT_S = 4, 2.0, 1.5


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("demo"),
    data: DataOption = None,
) -> None:
    """Render a short scene with sound, convert it, and leave two films and two stills."""
    with errors_told():
        settings = settings_with(data=data)
        log_to(settings.data, settings.log_level)
        out.mkdir(parents=True, exist_ok=True)
        scene = out / "scene.mp4"
        notes.print("Rendering a small scene with sound ...")
        run_engine_tool("scene", str(scene), "--seconds", str(_SECONDS))
        machine = open_machine(settings.data)
        drop_leftovers(machine)
        made = []
        for mode in (StereoMode.SBS, StereoMode.ANAGLYPH):
            options = job_options(settings, None, mode=mode, segment_duration_s=_SEGMENT_S)
            outcome = convert_film(
                scene, out, options, machine, workers=settings.workers, quiet=True
            )
            still = outcome.output.with_suffix(".png")
            run_engine_tool("still", str(outcome.output), str(still), "--at", str(_STILL_AT_S))
            made.append((mode, outcome.output, still))
            notes.print(
                f"Converted to {mode}: {outcome.job.frames} frames in {outcome.seconds:.1f} s"
            )
        notes.print()
        for mode, film, still in made:
            glasses = mode is StereoMode.ANAGLYPH
            how = "red/cyan glasses, any player" if glasses else "a VR headset's player, or cross"
            results.print(f"{film}\n    {how if glasses else how.partition(',')[0]}")
            results.print(f"{still}\n    a still of it")
        notes.print("\nYour own film: [bold]stereo-spot convert FILM[/]   "
                    "The page: [bold]stereo-spot serve[/]")  # fmt: skip
