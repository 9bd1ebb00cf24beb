"""`stereo-spot jobs`: what is in the data folder, and what can be done with it."""

import json
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from stereo_spot.cli.options import DataOption, JsonOption, settings_with
from stereo_spot.cli.output import errors_told, notes, plain, print_json, results
from stereo_spot.conversion import control
from stereo_spot.conversion.progress import progress_of
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.model import ALIVE, Job, JobStatus
from stereo_spot.runtime.local import LocalMachine, open_machine
from stereo_spot.runtime.logs import log_to

app = typer.Typer(help="List, look at, retry and delete jobs.", no_args_is_help=True)
IdArgument = Annotated[str, typer.Argument(help="A job id, or enough of its beginning.")]


def _open(data: Any) -> LocalMachine:
    settings = settings_with(data=data)
    log_to(settings.data, settings.log_level)
    return open_machine(settings.data)


def _find(machine: LocalMachine, beginning: str) -> Job:
    """The one job whose id begins like this."""
    found = [job for job in _all(machine) if job.job_id.startswith(beginning)]
    if len(found) > 1:
        raise RequestError(ErrorKind.BAD_REQUEST, f"{len(found)} jobs begin with {beginning!r}")
    if not found:
        raise RequestError(ErrorKind.NOT_FOUND, f"no job begins with {beginning!r}")
    return found[0]


def _all(machine: LocalMachine) -> list[Job]:
    jobs: list[Job] = []
    cursor = None
    while True:
        page = machine.services.jobs.page(ALIVE, cursor=cursor, limit=200)
        jobs += page.jobs
        cursor = page.cursor
        if cursor is None:
            return jobs


def _described(job: Job, machine: LocalMachine) -> dict[str, Any]:
    app = machine.services
    progress = progress_of(job, app.ledger.rows(job.job_id), app.clock())
    return {
        **job.attributes(),
        "progress": {**progress.model_dump(mode="json"), "percent": progress.percent},
    }


@app.command("list")
def list_jobs(data: DataOption = None, as_json: JsonOption = False) -> None:
    """All jobs, newest first."""
    with errors_told(as_json=as_json):
        machine = _open(data)
        jobs = _all(machine)
        if as_json:
            print_json({"ok": True, "jobs": [_described(job, machine) for job in jobs]})
            return
        if not jobs:
            notes.print("No jobs yet. `stereo-spot convert FILM` makes one.")
            return
        table = Table("job", "film", "mode", "state", "frames", box=None)
        for job in jobs:
            now = progress_of(
                job, machine.services.ledger.rows(job.job_id), machine.services.clock()
            )
            total = "?" if now.frames_total is None else str(now.frames_total)
            done = total if job.status is JobStatus.COMPLETED else str(now.frames_done)
            table.add_row(
                job.job_id[:8],
                escape(plain(job.title or "")),
                job.mode,
                now.stage,
                f"{done}/{total}",
            )
        results.print(table)


@app.command("show")
def show_job(job: IdArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Everything known about one job."""
    with errors_told(as_json=as_json):
        machine = _open(data)
        described = _described(_find(machine, job), machine)
        if as_json:
            print_json({"ok": True, "job": described})
            return
        for name, value in described.items():
            results.print(f"{name:24} {_shown(name, value)}", markup=False)


def _shown(name: str, value: Any) -> str:
    """Times as clocks show them, what has parts as JSON."""
    if name.endswith("_at") and isinstance(value, int | float):
        return datetime.fromtimestamp(value).astimezone().isoformat(sep=" ", timespec="seconds")
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


@app.command("retry")
def retry_job(job: IdArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Let a failed job go on; `serve` or the same `convert` then does the work."""
    with errors_told(as_json=as_json):
        machine = _open(data)
        again = control.retry(_find(machine, job).job_id, machine.services)
        _told(again, "waits for a server to go on with it", as_json=as_json)


@app.command("delete")
def delete_job(job: IdArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Remove a job and all it stored; a film that `convert` delivered stays."""
    with errors_told(as_json=as_json):
        machine = _open(data)
        found = _find(machine, job)
        control.delete(found.job_id, machine.services)
        machine.bus.forget(found.job_id)
        _told(found, "deleted", as_json=as_json)


def _told(job: Job, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"ok": True, "job_id": job.job_id})
    else:
        notes.print(f"{job.job_id}: {what}")
