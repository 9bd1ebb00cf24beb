"""A render worker: a process that keeps one engine warm and renders segments until told to stop.

`python -m stereo_spot.runtime.worker --data DIR [--job ID]`. It leaves when its standard input
ends, so it never outlives whoever started it.
"""

import argparse
import os
import signal
import threading
from pathlib import Path
from types import FrameType

from stereo_spot.media.engine import Engine
from stereo_spot.runtime.local import open_machine
from stereo_spot.runtime.logs import log_to, stderr_to_log
from stereo_spot.runtime.steps import StepLoop


def _leave_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def main() -> None:
    """Render until SIGTERM or the end of standard input."""
    parser = argparse.ArgumentParser(prog="stereo-spot worker")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--job")
    parser.add_argument("--log-level", default="WARNING")
    options = parser.parse_args()
    log_to(options.data, options.log_level)
    stderr_to_log(options.data)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _terminate)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    machine = open_machine(options.data)
    engine = Engine()
    try:
        StepLoop(
            machine.bus, machine.services, ("render",), job_id=options.job, engine=engine
        ).run()
    finally:
        engine.close()
        machine.close()


if __name__ == "__main__":
    main()
