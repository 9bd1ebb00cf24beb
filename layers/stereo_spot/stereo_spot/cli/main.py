"""The `stereo-spot` program: its commands, each in a module of its own."""

import errno
import importlib.metadata
import io
import logging
import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from stereo_spot.cli import analyze, aws, convert, demo, doctor, inspect, jobs, serve, worker
from stereo_spot.cli.output import notes, print_json, results
from stereo_spot.errors import ErrorKind


def _print_version(wanted: bool) -> None:
    if wanted:
        results.print(f"stereo-spot {importlib.metadata.version('stereo-spot')}")
        raise typer.Exit


app = typer.Typer(
    name="stereo-spot",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Turn ordinary 2D video into stereoscopic 3D, with its sound and every frame."""


app.command("convert")(convert.convert)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.add_typer(jobs.app, name="jobs")
app.command("analyze")(analyze.analyze)
app.command("search")(analyze.search)
app.command("probe")(inspect.probe_file)
app.command("plan")(inspect.plan_file)
app.command("doctor")(doctor.doctor)
app.command("config")(doctor.config)
app.command("worker")(worker.worker)
app.add_typer(aws.app, name="aws")


def main() -> None:
    """Run the program; being told to stop ends it as tidily as Ctrl-C does."""
    signal.signal(signal.SIGTERM, _stop)
    logging.lastResort = logging.NullHandler()  # a person sees one line, never a traceback
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names of files need not be text
            stream.reconfigure(errors="backslashreplace")
    if "--json" in sys.argv[1:]:
        sys.exit(_run_as_json())
    app()


def _run_as_json() -> int:
    """Run the program; a wrong option is told as one JSON object, too."""
    try:
        return app(standalone_mode=False) or 0
    except OSError as error:
        if error.errno != errno.EPIPE:
            notes.print(f"{ErrorKind.OUTPUT_UNWRITABLE}: cannot write the answer: {error.strerror}")
        return 1
    except Exception as error:
        tell = getattr(error, "format_message", None)
        if tell is None:
            raise
        message = " ".join(str(tell()).split())
        print_json({"ok": False, "error_kind": ErrorKind.BAD_REQUEST, "message": message})
        return 2


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)
