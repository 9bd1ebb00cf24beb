"""Have a guarded process do one reading task over untrusted media, and serve it bytes.

The process can open nothing at all: it asks for byte ranges of what the parent names, and says
what is to be written where. The parent does both, between the stored objects and the memory that
the two share.
"""

import contextlib
from collections.abc import Callable, Sequence

from stereo_spot.errors import StereoSpotError, error_of
from stereo_spot.media import shared, starting
from stereo_spot.media.fetching import Fetcher, Readers
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.process import Head, Process, nonsense
from stereo_spot.ports import RangeReader

Hear = Callable[[Head, bytes], Head | None]
"""Takes a head and its block; what it returns is sent as the answer."""
Write = Callable[[str, int, Sequence[memoryview]], None]
"""Takes the name of a file, a place in it, and pieces that lie there one after the other; the
bytes are gone afterwards."""


def run(
    task: str,
    arguments: Head,
    *,
    readers: Readers,
    limits: MediaLimits,
    block: bytes = b"",
    hear: Hear | None = None,
    write: Write | None = None,
    guarded: Process | None = None,
    source: RangeReader | None = None,
) -> Head:
    """Have the guarded process do `task`; returns its result.

    `readers` finds the object that the process names, `write` takes what it writes, and `hear`
    whatever else it sends meanwhile. `guarded` is a process that is there already; where its last
    task was about the same `source`, it goes on with what it learnt of it.
    """
    with (
        contextlib.nullcontext(guarded) if guarded else starting.started() as child,
        Fetcher(child, readers) as fetcher,
    ):
        goes_on = source is not None and source is child.source
        child.source = source
        child.begin({"task": task, "goes_on": goes_on, **arguments}, block, limits)
        try:
            return _serve(child, fetcher, hear, write)
        except StereoSpotError:
            if fetcher.failure is not None:
                raise fetcher.failure from None
            raise


def _serve(child: Process, fetcher: Fetcher, hear: Hear | None, write: Write | None) -> Head:
    while True:
        head, data = child.receive()
        match head.get("say"):
            case "read" | "size":
                fetcher.ask(head)
            case "write" if write is not None:
                write(str(head["to"]), int(head["at"]), [_written(child, head)])
                child.send({"question": head["question"]})
            case "pass" if write is not None:
                write(str(head["to"]), int(head["at"]), _fetched(child, head))
            case "done":
                return dict(head["result"])
            case "fail":
                raise error_of(str(head["kind"]), str(head["message"]))
            case _ if hear is not None:
                _reply(child, head, hear(head, data))
            case said:
                raise nonsense(said)


def _reply(child: Process, head: Head, answer: Head | None) -> None:
    if answer is not None:
        child.send({**answer, "question": head["question"]})


def one(source: RangeReader) -> Readers:
    """Readers for a task that reads `source` only."""
    return {"source": source}.__getitem__


def _written(child: Process, head: Head) -> memoryview:
    slot, length = int(head["slot"]), int(head["length"])
    if not 0 <= length <= shared.WRITE_BYTES or not 0 <= slot < shared.WRITE_SLOTS:
        raise nonsense(head)
    return child.memory.part(shared.WRITE_AT + slot * shared.WRITE_BYTES, length)


def _fetched(child: Process, head: Head) -> list[memoryview]:
    slot, parts = int(head["slot"]), [(int(start), int(length)) for start, length in head["parts"]]
    if not 0 <= slot < shared.READ_SLOTS or any(
        start < 0 or not 0 <= length <= shared.READ_BYTES - start for start, length in parts
    ):
        raise nonsense(head)
    fetched = child.memory.part(slot * shared.READ_BYTES, shared.READ_BYTES)
    return [fetched[start : start + length] for start, length in parts]
