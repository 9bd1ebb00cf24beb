"""Fetch the next range of a stored object while the last one is being worked on."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from stereo_spot.ports import RangeReader

WORTH_BYTES = 4 << 20
"""Ranges from this length on come from reading straight ahead, so the next is as good as asked."""


class _Range(NamedTuple):
    of: str
    at: int
    length: int

    def after(self, size: int) -> "_Range":
        start = min(self.at + self.length, size)
        return _Range(self.of, start, min(self.length, size - start))


class Ahead:
    """Reads by ranges, one at a time, and one range ahead; never two reads at once."""

    def __init__(self, readers: Callable[[str], RangeReader]) -> None:
        self._readers = readers
        self._pool = ThreadPoolExecutor(1, "read-ahead")
        self._last: _Range | None = None
        self._coming: tuple[_Range, Future[bytes]] | None = None

    def __enter__(self) -> "Ahead":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def read(self, of: str, at: int, length: int) -> bytes:
        """Bytes of an object; those fetched ahead when they are the ones asked for."""
        self._last = _Range(of, at, length)
        coming, self._coming = self._coming, None
        if coming is not None:
            known, future = coming
            if (known.of, known.at) == (of, at) and known.length >= length:
                return future.result()[:length]
            future.exception()
        return self._readers(of).read_at(at, length)

    def go_on(self) -> None:
        """Begin to fetch what follows the last range, where reading goes straight on."""
        if self._last is None or self._last.length < WORTH_BYTES:
            return
        reader = self._readers(self._last.of)
        following = self._last.after(reader.size)
        if following.length > 0:
            future = self._pool.submit(reader.read_at, following.at, following.length)
            self._coming = (following, future)
