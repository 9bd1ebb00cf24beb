"""Large blocks of memory go back to the system as soon as they are free."""

import ctypes

LARGE_BYTES = 1 << 20
_M_MMAP_THRESHOLD = -3
"""glibc's number of this option."""


def return_large_blocks() -> None:
    """Give every block from a megabyte on a mapping of its own, where the C library is glibc.

    By itself glibc raises that limit to 32 MB as soon as such blocks are freed. The tensors of a
    film then lie in heaps, one for each thread, that grow in steps and with luck: the same film
    takes a tenth more or less from run to run, and a long one more often more.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
