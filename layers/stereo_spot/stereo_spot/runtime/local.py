"""One machine: SQLite, a folder and the local bus under one data folder."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stereo_spot.adapters.local.bus import LocalBus, LocalRenderQueue
from stereo_spot.adapters.local.database import Database
from stereo_spot.adapters.local.folder import FolderObjectStore
from stereo_spot.adapters.local.known_scenes import KnownScenes
from stereo_spot.adapters.local.owner import new_owner, owner_is_dead
from stereo_spot.adapters.local.rows import SqliteJobStore, SqliteLedger
from stereo_spot.adapters.local.signed import SignedLinks, secret_in
from stereo_spot.conversion.services import Policy, Services
from stereo_spot.conversion.sweep import sweep
from stereo_spot.errors import ErrorKind, MachineError
from stereo_spot.media.guard import MediaLimits

LOCAL_POLICY = Policy(
    heartbeat_s=1.0, first_dispatch_s=20.0, unseen_upload_s=5.0, keep_source=False
)


@dataclass(frozen=True)
class LocalMachine:
    """The services of one data folder, and the adapters that only one machine has."""

    data: Path
    services: Services
    jobs: SqliteJobStore
    bus: LocalBus
    objects: FolderObjectStore
    links: SignedLinks

    def close(self) -> None:
        """Remove this process's scratch folder."""
        shutil.rmtree(self.services.scratch, ignore_errors=True)


def open_machine(data: Path, *, limits: MediaLimits | None = None) -> LocalMachine:
    """Open a data folder, making it at first use.

    Raises:
        MachineError: `output_unwritable` when the folder cannot be made or written.
    """
    data = data.expanduser().absolute()
    try:
        data.mkdir(parents=True, exist_ok=True)
        database = Database(data / "state.db")
        bus = LocalBus(database)
        objects = FolderObjectStore(data / "objects", bus.on_stored)
        links = SignedLinks(secret_in(data), objects, database, data / "uploads")
    except OSError as error:
        raise MachineError(
            ErrorKind.OUTPUT_UNWRITABLE, f"cannot use the data folder {data}: {error.strerror}"
        ) from error
    jobs = SqliteJobStore(database)
    services = Services(
        jobs=jobs,
        ledger=SqliteLedger(database),
        objects=objects,
        bus=bus,
        renders=LocalRenderQueue(bus),
        uploads=links,
        downloads=links,
        clock=time.time,
        new_owner=new_owner,
        scratch=data / "scratch" / new_owner(),
        policy=LOCAL_POLICY,
        limits=limits or MediaLimits(),
        known_scenes=KnownScenes(data / "analysis" / "analysis.db"),
    )
    return LocalMachine(data, services, jobs, bus, objects, links)


def drop_leftovers(machine: LocalMachine) -> None:
    """Remove what killed processes left half done, and look after jobs that nobody went on with."""
    machine.jobs.drop_tombstones(machine.services.clock())
    sweep(machine.services)
    machine.objects.drop_leftovers()
    machine.links.drop_abandoned()
    scratch = machine.data / "scratch"
    for folder in scratch.iterdir() if scratch.exists() else ():
        if owner_is_dead(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def only_server(data: Path) -> Iterator[None]:
    """Be the one server of a data folder; conversions may run beside it.

    Raises:
        MachineError: `data_in_use` when another server has it.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = (data / "serve.lock").open("a+")
    except OSError as error:
        raise MachineError(
            ErrorKind.OUTPUT_UNWRITABLE, f"cannot use the data folder {data}: {error.strerror}"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise MachineError(
                ErrorKind.DATA_IN_USE,
                f"another server (process {lock.read().strip() or '?'}) uses {data}",
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
