"""Holding a lease while work is done: heartbeat, and what happens when the work stops."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)


@contextmanager
def kept_alive(
    beat: Callable[[], bool], every_s: float, lost: Callable[[], None]
) -> Iterator[None]:
    """Call `beat` every `every_s` seconds; once it answers False call `lost` and stop.

    A beat that raises is tried again at the next turn: the lease outlasts several of them.
    """
    over = threading.Event()

    def run() -> None:
        while not over.wait(every_s):
            try:
                alive = beat()
            except Exception:
                log.exception("heartbeat failed")
                continue
            if not alive:
                lost()
                return

    thread = threading.Thread(target=run, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def reported(failed: Callable[[Exception], None], stopped: Callable[[], None]) -> Iterator[None]:
    """Free the lease however the work ends early, then let the reason go on.

    An exception is a failure and is reported as one; being stopped from outside (a signal, the
    end of the process) is not.
    """
    try:
        yield
    except Exception as error:
        failed(error)
        raise
    except BaseException:
        stopped()
        raise
