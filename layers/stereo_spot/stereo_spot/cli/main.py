"""The `stereo-spot` program: its commands, each in a module of its own."""

import signal
from types import FrameType

import typer

from stereo_spot.cli import analyze, aws, convert, demo, doctor, inspect, jobs, serve, worker

app = typer.Typer(
    name="stereo-spot",
    help="Turn ordinary 2D video into stereoscopic 3D, with its sound and every frame.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
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
    app()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)
