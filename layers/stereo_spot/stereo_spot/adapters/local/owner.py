"""Lease tokens that say which process holds the lease, so that a dead one is seen at once.

`{machine}.{boot}.{pid namespace}.{pid}.{start}.{random}`. A token of another machine or
another container proves nothing; its lease simply runs out.
"""

import os
import subprocess
import sys
import uuid
from functools import cache
from pathlib import Path


@cache
def _place() -> tuple[str, str, str]:
    """This machine, this boot of it, and the process table we see."""
    machine = f"{uuid.getnode():x}"
    boot, namespace = "0", "0"
    if sys.platform == "linux":
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = str(Path("/proc/self/ns/pid").stat().st_ino)
    return machine, boot, namespace


def _started(pid: int) -> str | None:
    """When a live process was started, None for one that is gone or only waits to be reaped."""
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else fields[19]
    told = subprocess.run(
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return told.stdout.strip().replace(" ", "_").replace(".", "_") or None


@cache
def _own_start(pid: int) -> str:
    return _started(pid) or "0"


def new_owner() -> str:
    """A token nobody else has."""
    pid = os.getpid()
    return ".".join((*_place(), str(pid), _own_start(pid), uuid.uuid4().hex))


def owner_is_dead(token: str) -> bool:
    """Whether the process that made the token is known to be gone."""
    parts = token.split(".")
    if len(parts) != 6 or not parts[3].isdecimal():
        return False
    machine, boot, namespace = _place()
    if parts[0] != machine:
        return False
    if parts[1] != boot:
        return True
    return parts[2] == namespace and _started(int(parts[3])) != parts[4]
