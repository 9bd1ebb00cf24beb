"""Work of one stage while the next one works: an iterator run in a thread, a few items ahead."""

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T], count: int) -> Generator[T, None, None]:
    """The items in order, made up to `count` ahead of their use; errors come where they belong.

    When the reader stops early, the thread ends with the item it is at.
    """
    made: queue.Queue[tuple[str, T | BaseException | None]] = queue.Queue(count)
    stopped = threading.Event()
    thread = threading.Thread(target=_make, args=(items, made, stopped), daemon=True)
    thread.start()
    try:
        while True:
            kind, value = made.get()
            if kind == "end":
                return
            if isinstance(value, BaseException):
                raise value
            yield value  # type: ignore[misc]
    finally:
        stopped.set()
        while thread.is_alive():
            try:
                made.get(timeout=0.05)
            except queue.Empty:
                continue
        thread.join()


def _make(
    items: Iterable[T],
    made: "queue.Queue[tuple[str, T | BaseException | None]]",
    stopped: threading.Event,
) -> None:
    try:
        for item in items:
            made.put(("item", item))
            if stopped.is_set():
                return
    except BaseException as error:  # noqa: BLE001 - it is raised again where the items are used
        made.put(("error", error))
    else:
        made.put(("end", None))
    finally:
        if isinstance(items, Generator):
            items.close()
