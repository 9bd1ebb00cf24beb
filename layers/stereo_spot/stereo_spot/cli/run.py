"""One conversion as a person sees it: the estimate, the progress, where the result is."""

import time
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from stereo_spot.cli.output import bytes_text, notes, results, seconds_text
from stereo_spot.conversion.naming import film_name
from stereo_spot.conversion.progress import JobProgress
from stereo_spot.conversion.stored import FileReader
from stereo_spot.errors import ErrorKind, MachineError, RequestError, SourceError
from stereo_spot.media.probe import probe
from stereo_spot.model import Job, JobOptions, SourceFacts, StereoMode
from stereo_spot.runtime.convert import (
    FilmAway,
    Prepared,
    check_place,
    check_source,
    deliver,
    discard,
    drive,
    prepare,
)
from stereo_spot.runtime.crew import workers_for
from stereo_spot.runtime.depth_files import check_exported
from stereo_spot.runtime.estimate import Estimate, estimate, learn_speed
from stereo_spot.runtime.local import LocalMachine
from stereo_spot.settings.machine import Settings

_WATCH_IT = {
    StereoMode.SBS: "a VR headset's player as side-by-side (full width)",
    StereoMode.HALF_SBS: "a 3D TV or phone viewer as side-by-side (half)",
    StereoMode.TOP_BOTTOM: "a VR player as top-bottom (full height)",
    StereoMode.HALF_TOP_BOTTOM: "a 3D TV as top-bottom (half)",
    StereoMode.ANAGLYPH: "any player, through {glasses} glasses",
    StereoMode.CROSS_EYED: "any player, squinting until the halves meet",
    StereoMode.LEFT_ONLY: "any player: it shows the left eye",
    StereoMode.RIGHT_ONLY: "any player: it shows the right eye",
    StereoMode.ROW_INTERLACED: "a full-screen player on a 3D screen with polarised glasses",
    StereoMode.COLUMN_INTERLACED: "a full-screen player on a 3D screen without glasses",
    StereoMode.CHECKERBOARD: "a full-screen player on a projector that takes checkerboards",
    StereoMode.RGBD: "what takes a picture with its depth beside it",
}
_GLASSES = {"redcyan": "red/cyan", "greenmagenta": "green/magenta", "yellowblue": "yellow/blue"}
_OF_MP4 = {".mp4", ".m4v", ".mov"}


@dataclass(frozen=True)
class Outcome:
    """A finished conversion."""

    source: Path
    output: Path
    job: Job
    seconds: float
    already_done: bool
    resumed_segments: int

    def as_json(self) -> dict[str, Any]:
        """As the result that `--json` prints."""
        return {
            "source": str(self.source),
            "output": str(self.output),
            "job_id": self.job.job_id,
            "seconds": round(self.seconds, 3),
            "already_done": self.already_done,
            "resumed_segments": self.resumed_segments,
            **(self.job.result or {}),
        }


def convert_film(
    source: Path,
    output: Path | None,
    options: JobOptions,
    machine: LocalMachine,
    *,
    settings: Settings,
    quiet: bool,
    title: str | None = None,
) -> Outcome:
    """Convert one film and put it in its place, under `title` where the place gives no name.

    Raises:
        StereoSpotError: of the kind that stopped it; a film that cannot be used leaves nothing.
    """
    check_source(source)
    check_place(output or source.parent)
    with FileReader(source) as reader:
        facts = probe(reader, limits=machine.services.limits)
        size = reader.size
    workers = workers_for(options.recipe.tier, settings)
    told = estimate(facts, options, size, machine.data, workers=workers)
    workers = min(workers, told.segments)
    prepared = prepare(source, options, machine)
    if prepared.finished:
        check_exported(prepared.job)
    if not prepared.finished and not prepared.resumed:
        _check_space(told, size, prepared.job.job_id, machine)
    if not quiet:
        _say_before(source, facts, told, prepared)
    began = time.monotonic()
    job = prepared.job if prepared.finished else _driven(prepared, machine, workers, quiet=quiet)
    seconds = time.monotonic() - began
    if not prepared.finished and not prepared.resumed:
        tier, frames = options.recipe.tier, told.frames
        learn_speed(facts, tier, seconds, workers, machine.data, frames=frames)
    made = machine.objects.path_of(job.output_key or "")
    target = _target(source, output, job, title or source.stem, made)
    deliver(job, machine, target)
    outcome = Outcome(source, target, job, seconds, prepared.finished, prepared.segments_done)
    if not quiet:
        _say_after(outcome)
    return outcome


def _target(source: Path, output: Path | None, job: Job, title: str, made: Path) -> Path:
    """Where the film goes: as asked, or beside its source under a name players understand.

    `made` is where it stands now: an earlier run of the same command may have put it in its place.
    """
    suffix = "." + (job.output_key or "").rpartition(".")[2]
    if output is None or output.is_dir() or not output.suffix:
        return _unclaimed(output or source.parent, title, job, suffix[1:], made)
    if output.suffix.lower() in (_OF_MP4 if suffix == ".mp4" else {suffix}):
        return output
    known = output.suffix.lower() in {*_OF_MP4, ".mkv"}
    named = output.with_suffix(suffix) if known else output.with_name(output.name + suffix)
    if _taken(named, made):
        named = _unclaimed(output.parent, title, job, suffix[1:], made)
    notes.print(f"The film is {suffix[1:]}, not {output.suffix[1:]}.", markup=False)
    return named


def _unclaimed(folder: Path, title: str, job: Job, suffix: str, made: Path) -> Path:
    """The first name that replaces nothing: nobody asked for that."""
    titles = chain([title], (f"{title} ({number})" for number in count(2)))
    names = (folder / film_name(given, job.options.recipe, suffix) for given in titles)
    return next(named for named in names if not _taken(named, made))


def _taken(place: Path, made: Path) -> bool:
    return place.exists() and not (made.exists() and place.samefile(made))


def _check_space(told: Estimate, source_bytes: int, job_id: str, machine: LocalMachine) -> None:
    """Refuse only what certainly cannot fit; the estimate itself may be off."""
    least = source_bytes + (32 << 20)
    if told.free_bytes < least:
        discard(job_id, machine)
        raise MachineError(
            ErrorKind.DISK_FULL,
            f"about {bytes_text(max(least, told.needed_bytes))} are needed while it works, "
            f"{bytes_text(told.free_bytes)} are free where {machine.data} lies",
        )


def _driven(prepared: Prepared, machine: LocalMachine, workers: int, *, quiet: bool) -> Job:
    job_id = prepared.job.job_id
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("frames  {task.fields[speed]}  {task.fields[left]}"),
    )
    with Progress(*columns, console=notes, disable=quiet, transient=True) as bar:
        task = bar.add_task("cutting", total=None, speed="", left="")
        clock = _Clock()

        def watch(job: Job, now: JobProgress) -> None:
            speed, left = clock.read(now)
            bar.update(
                task,
                description=now.stage,
                total=now.frames_total,
                completed=now.frames_done,
                speed=speed,
                left=left,
            )

        try:
            return drive(job_id, machine, workers=workers, watch=watch)
        except FilmAway:
            raise
        except (SourceError, RequestError):
            discard(job_id, machine)
            raise
        except MachineError as error:
            if error.kind is ErrorKind.DISK_FULL:
                discard(job_id, machine)
            raise


class _Clock:
    """Frames per second of this run, and the time left; unknown until frames followed the first.

    Starting takes seconds and the first frame is slow: counted in, they would promise hours.
    """

    def __init__(self) -> None:
        self._begun_with: int | None = None
        self._first: tuple[float, int] | None = None

    def read(self, now: JobProgress) -> tuple[str, str]:
        """Speed and time left as text."""
        at = time.monotonic()
        if self._begun_with is None and now.frames_total is not None:
            self._begun_with = now.frames_done
        if self._begun_with is None or now.frames_done <= self._begun_with:
            return "speed unknown yet", ""
        self._first = self._first or (at, now.frames_done)
        if now.frames_done <= self._first[1]:
            return "speed unknown yet", ""
        rate = (now.frames_done - self._first[1]) / max(at - self._first[0], 0.001)
        left = ((now.frames_total or 0) - now.frames_done) / rate
        return f"{rate:.1f} frames/s", f"about {seconds_text(left)} left" if left > 0 else ""


def _say_before(source: Path, facts: SourceFacts, told: Estimate, prepared: Prepared) -> None:
    if not told.frames:
        return  # the plan looks at the frames' own times, and says so if nothing is to be cut
    notes.print(
        f"[bold]{escape(source.name)}[/]: {told.frames} frames, {facts.width}x{facts.height}, "
        f"{seconds_text(told.film_s)}, {facts.video_codec}"
    )
    if prepared.finished:
        notes.print("It is converted already with these settings.")
        return
    basis = "as fast as the last time" if told.measured else "a first guess for this machine"
    notes.print(
        f"About {seconds_text(told.seconds)} ({basis}); needs about "
        f"{bytes_text(told.needed_bytes)} while it works, {bytes_text(told.free_bytes)} are free."
    )
    if prepared.resumed:
        share = f"{prepared.segments_done} of {prepared.job.total_segments}"
        notes.print(f"Going on where it stopped: {share} segments are done.")


def _say_after(outcome: Outcome) -> None:
    result = outcome.job.result or {}
    if not outcome.already_done:
        rate = f" ({result.get('frames', 0) / max(outcome.seconds, 0.001):.1f} frames/s)"
        notes.print(
            f"[green]Done[/] in {seconds_text(outcome.seconds)}"
            f"{'' if outcome.resumed_segments else rate}, {result.get('frames')} frames."
        )
    for note in result.get("notes", ()):
        notes.print(f"[yellow]Note:[/] {escape(note)}")
    results.print(str(outcome.output), markup=False)
    glasses = _GLASSES[outcome.job.options.recipe.anaglyph.glasses]
    notes.print(f"Watch it in {_WATCH_IT[outcome.job.mode].format(glasses=glasses)}.")
