"""Fetch ranges of stored objects into the shared memory while other things are served."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from stereo_spot.media import shared
from stereo_spot.media.process import Head, Process, nonsense
from stereo_spot.ports import FillingReader, RangeReader

Readers = Callable[[str], RangeReader]


class Fetcher:
    """Answers what the guarded process asks of stored objects, in order, in a thread.

    What goes wrong there ends the process, and is in `failure`; if nobody waited for it any more,
    it is raised at the end.
    """

    def __init__(self, child: Process, readers: Readers) -> None:
        self.failure: BaseException | None = None
        self._child = child
        self._readers = readers
        self._pool = ThreadPoolExecutor(1, "fetch")

    def __enter__(self) -> "Fetcher":
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Every question is answered before the next task; none any more where one failed."""
        self._pool.shutdown(wait=True, cancel_futures=error is not None)
        if error is None and self.failure is not None:
            raise self.failure

    def ask(self, head: Head) -> None:
        """Answer a question some time."""
        self._child.questions += 1
        self._pool.submit(self._answer, head)

    def _answer(self, head: Head) -> None:
        try:
            reader = self._readers(str(head["of"]))
            said = {"size": reader.size} if head["say"] == "size" else self._read(reader, head)
        except BaseException as error:  # noqa: BLE001 - raised again by who waits for the process
            self.failure = error
            self._child.kill()
            return
        self._child.answers += 1
        self._child.send({**said, "question": head["question"]})

    def _read(self, reader: RangeReader, head: Head) -> Head:
        at, length, slot = (int(head[key]) for key in ("at", "length", "slot"))
        if at < 0 or not 0 <= length <= shared.READ_BYTES or not 0 <= slot < shared.READ_SLOTS:
            raise nonsense(head)
        view = self._child.memory.part(slot * shared.READ_BYTES, length)
        if isinstance(reader, FillingReader):
            return {"length": reader.read_into(at, view)}
        data = reader.read_at(at, length)[:length]
        view[: len(data)] = data
        return {"length": len(data)}
