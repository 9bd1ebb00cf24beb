"""`stereo-spot serve`: the API, the page and the workers of this machine."""

from typing import Annotated

import typer

from stereo_spot.cli.options import DataOption, settings_with
from stereo_spot.cli.output import errors_told, notes
from stereo_spot.runtime.logs import log_to


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port (8000); 0 takes a free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Segments rendered at once, at most.")] = None,
    data: DataOption = None,
) -> None:
    """Serve the page and the API, and convert what is uploaded."""
    # Imported here: the web framework would double the start of every other command.
    from stereo_spot.runtime.serve import run_server

    with errors_told():
        settings = settings_with(host=host, port=port, workers=workers, data=data)
        log_to(settings.data, settings.log_level)
        run_server(settings, ready=lambda url: notes.print(f"stereo-spot is at [bold]{url}[/]"))
