"""The server of one machine: web application, steps and workers in one program."""

import errno
import ipaddress
import socket
from collections.abc import Callable

import uvicorn

from stereo_spot.errors import ErrorKind, MachineError, RequestError
from stereo_spot.model import JobOptions
from stereo_spot.runtime.crew import crew
from stereo_spot.runtime.films import searchable
from stereo_spot.runtime.local import drop_leftovers, only_server, open_machine
from stereo_spot.runtime.pool import WorkerPool
from stereo_spot.runtime.receivers import receiver_of
from stereo_spot.runtime.steps import StepThreads
from stereo_spot.settings.machine import Settings
from stereo_spot.web import create_app

_STOP_S = 3


def run_server(settings: Settings, *, ready: Callable[[str], None]) -> None:
    """Serve until interrupted; calls `ready` with the address once it listens.

    Raises:
        MachineError: `port_in_use`, `data_in_use`.
        RequestError: `bad_request` for an address that other machines could reach, or for a wrong
            setting of the receiver.
    """
    _check_loopback(settings.host)
    with only_server(settings.data), _listening(settings.host, settings.port) as listener:
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        site = f"http://{host}:{listener.getsockname()[1]}"
        receiver = receiver_of(
            settings.completion_webhook_url,
            settings.completion_webhook_secret.get_secret_value(),
            site=site,
        )
        machine = open_machine(settings.data)
        drop_leftovers(machine)
        defaults = JobOptions(
            segment_duration_s=settings.segment_duration_s, scene_cuts=settings.scene_cuts
        )
        with (
            searchable(machine, settings) as library,
            StepThreads(machine, receiver=receiver),
            WorkerPool(machine.data, crew(settings), log_level=settings.log_level),
        ):
            app = create_app(
                machine.services, storage=machine.links, defaults=defaults, library=library
            )
            server = uvicorn.Server(
                uvicorn.Config(
                    app, log_level="warning", log_config=None, timeout_graceful_shutdown=_STOP_S
                )
            )
            ready(f"{site}/")
            server.run(sockets=[listener])


def _check_loopback(host: str) -> None:
    """This server knows no users, so it must not be reachable from elsewhere."""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise RequestError(
            ErrorKind.BAD_REQUEST,
            f"{host} is not an address of this machine alone; the local server asks nobody who "
            "they are, so it listens on 127.0.0.1, ::1 or localhost only",
        )


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            text = f"{host} is not an address of this machine: {error.strerror}"
            raise RequestError(ErrorKind.BAD_REQUEST, text) from error
        raise MachineError(
            ErrorKind.PORT_IN_USE, f"port {port} on {host} is taken: {error.strerror}"
        ) from error
    return listener
