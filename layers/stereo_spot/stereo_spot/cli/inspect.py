"""`stereo-spot probe` and `stereo-spot plan`: look at a film without converting it."""

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from stereo_spot.cli.options import DataOption, JsonOption, job_options, path, settings_with
from stereo_spot.cli.output import errors_told, notes, print_json, results, seconds_text
from stereo_spot.conversion.stored import FileReader
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.plan import plan
from stereo_spot.media.probe import probe
from stereo_spot.runtime.convert import check_source

SourceArgument = Annotated[Path, typer.Argument(parser=path, help="A film.")]


def probe_file(source: SourceArgument, as_json: JsonOption = False) -> None:
    """Say what a film is: frames, size, codec, tracks."""
    with errors_told(as_json=as_json):
        check_source(source)
        with FileReader(source) as reader:
            facts = probe(reader, limits=MediaLimits())
        if as_json:
            print_json({"ok": True, **facts.model_dump(mode="json")})
            return
        rate = float(Fraction(facts.frame_rate))
        results.print(
            f"{facts.frames} frames, {facts.width}x{facts.height} at {rate:.5g} frames/s, "
            f"{seconds_text(facts.duration_s)}, {facts.video_codec} ({facts.pixel_format}) "
            f"in {facts.container}"
        )
        for track in facts.audio:
            language = f", {track.language}" if track.language else ""
            results.print(
                f"sound: {track.codec}, {track.channels} channels, "
                f"{track.sample_rate} Hz{language}",
                markup=False,
            )
        if facts.subtitles or facts.chapters:
            results.print(f"{facts.subtitles} subtitle tracks, {facts.chapters} chapters")


def plan_file(
    source: SourceArgument,
    segment_duration: Annotated[float | None, typer.Option(help="Seconds per segment.")] = None,
    start: Annotated[float | None, typer.Option(help="Begin at this second.")] = None,
    end: Annotated[float | None, typer.Option(help="Stop at this second.")] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where a film would be cut, to the frame."""
    with errors_told(as_json=as_json):
        settings = settings_with(data=data, segment_duration_s=segment_duration)
        options = job_options(settings, None, start_s=start, end_s=end)
        check_source(source)
        with FileReader(source) as reader:
            made = plan(
                reader,
                source_etag="",
                options=options,
                preroll_frames=options.recipe.tier.preroll_frames,
                limits=MediaLimits(),
            )
        segments = [
            {**window.model_dump(mode="json"), "time_base": made.time_base}
            for window in made.windows
        ]
        if as_json:
            print_json(
                {"ok": True, "frames": made.frames, "total": made.total, "segments": segments}
            )
            return
        for window in made.windows:
            results.print(
                f"{window.index:5d}  {window.n_frames:6d} frames  "
                f"pts {window.start_pts} to {window.end_pts}  pre-roll {window.preroll_frames}"
            )
        segments_text = "1 segment" if made.total == 1 else f"{made.total} segments"
        notes.print(f"{segments_text}, {made.frames} frames, time base {made.time_base}")
