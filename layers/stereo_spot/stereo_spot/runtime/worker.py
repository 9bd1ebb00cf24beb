"""A render worker: a process that renders segments, one engine warm, until told to stop.

`python -m stereo_spot.runtime.worker --data DIR [--job ID] [--tier TIER]...`. It leaves when its
standard input ends, so it never outlives whoever started it.
"""

import argparse
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from urllib.parse import quote

from stereo_spot.adapters.render_server import RenderServer
from stereo_spot.conversion.making import EngineRenderer
from stereo_spot.media.engine import Engine
from stereo_spot.ports import Renderer
from stereo_spot.runtime.local import LocalMachine, open_machine
from stereo_spot.runtime.logs import log_to, stderr_to_log
from stereo_spot.runtime.steps import StepLoop
from stereo_spot.settings.machine import Settings, limit_models


@contextmanager
def local_renderer(settings: Settings, machine: LocalMachine) -> Iterator[Renderer]:
    """The renderer of a worker on one machine.

    Its own engine opens depth files: only the command line puts them into a job of this data
    folder, the API takes none.
    """
    if settings.inference_backend == "http":
        folder = quote(str(machine.data / "objects"))
        yield RenderServer(
            settings.inference_url,
            lambda key: f"file://{folder}/{key}",
            timeout_s=settings.inference_timeout_s,
        )
        return
    with closing(Engine(depth_files=True)) as engine:
        yield EngineRenderer(engine, machine.services)


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
    parser.add_argument("--tier", action="append", default=[])
    parser.add_argument("--model-threads")
    parser.add_argument("--log-level", default="WARNING")
    options = parser.parse_args()
    if options.model_threads:
        limit_models(options.model_threads)
    log_to(options.data, options.log_level)
    stderr_to_log(options.data)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _terminate)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    machine = open_machine(options.data)
    try:
        with local_renderer(Settings(), machine) as renderer:
            StepLoop(
                machine.bus,
                machine.services,
                ("render",),
                job_id=options.job,
                tiers=options.tier,
                renderer=renderer,
            ).run()
    finally:
        machine.close()


if __name__ == "__main__":
    main()
