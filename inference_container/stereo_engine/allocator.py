"""How memory for tensors is kept, where glibc is the C library: steady from the first frames on.

By itself glibc has a heap for each thread and moves its limits as it goes: the same film takes a
tenth more or less memory from run to run, and a long one more often more.
"""

import ctypes

LARGE_BYTES = 1 << 20
MAPPED_FROM_BYTES = 32 << 20
"""glibc takes no higher limit."""
KEPT_BYTES = 256 << 20
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""glibc's numbers of these options."""


def keep_one_heap() -> None:
    """Have all threads use one heap, which keeps what it has.

    For models of single frames: on a CPU, pages that come anew for every frame take a quarter of
    its time.
    """
    _set(_M_ARENA_MAX, 1)
    _set(_M_MMAP_THRESHOLD, MAPPED_FROM_BYTES)
    _set(_M_TRIM_THRESHOLD, KEPT_BYTES)


def return_large_blocks() -> None:
    """Give every block from a megabyte on a mapping of its own, which goes back with it.

    For models that see many frames at once: their blocks are of so many sizes that a heap gets
    holes. Their tensors are on a GPU anyway.
    """
    _set(_M_MMAP_THRESHOLD, LARGE_BYTES)


def _set(option: int, value: int) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(option, value)
