"""Memory: how much there is, how the C library handles it, and when Python looks through it."""

import atexit
import ctypes
import gc
import mmap
import os
from pathlib import Path

from data_manifest.errors import UsageError

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of malloc.h
_OVERCOMMIT = Path("/proc/sys/vm/overcommit_memory")
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
_YOUNG_PER_FULL = 100  # collections of younger objects before all are looked at; Python takes 10


def look_for_garbage_seldom() -> None:
    """Let Python look through all of its objects seldom, and not once more as it ends.

    Importing torch makes some 400,000 that stay; looking through them whenever there are a quarter
    more takes a third of the time that a command needs to begin and to end. What is young is looked
    through as ever, and arrays go when nobody holds them, without being looked for.
    """
    first, second, _ = gc.get_threshold()
    gc.set_threshold(first, second, _YOUNG_PER_FULL)
    atexit.register(gc.freeze)


def keep_freed_memory(*, in_large_pages: bool = False) -> None:
    """Make the C library keep freed arrays instead of giving every page back to the system.

    Else networks on a CPU spend up to a fifth of their time in page faults, as each large array is
    new pages. Where what is asked for from now on lies ``in_large_pages`` of 2 MiB, if the system
    has them, a further tenth isn't spent looking up small ones. glibc alone can do that; elsewhere
    this does nothing.
    """
    library = ctypes.CDLL(None)
    try:
        library.mallopt(_M_MMAP_MAX, 0)
        library.mallopt(_M_TRIM_THRESHOLD, -1)
    except AttributeError:  # another C library
        return
    if in_large_pages and _reserving_is_free():
        _reserve_in_large_pages(library, machine_memory() // 2)


def _reserving_is_free() -> bool:
    """Whether the system counts memory as taken only when it is used."""
    try:
        return _OVERCOMMIT.read_text().strip() != "2"
    except OSError:
        return False


def _reserve_in_large_pages(library: ctypes.CDLL, size: int) -> None:
    """Let the heap end further on; what is added takes no memory before it is used."""
    library.malloc.restype = library.sbrk.restype = ctypes.c_void_p
    library.malloc.argtypes = [ctypes.c_size_t]
    library.free.argtypes = [ctypes.c_void_p]
    library.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    begin = -(-library.sbrk(0) // mmap.PAGESIZE) * mmap.PAGESIZE
    library.free(library.malloc(size))
    end = library.sbrk(0)
    if end > begin:
        library.madvise(begin, end - begin, mmap.MADV_HUGEPAGE)


def refuse_too_large(needed: int, what: str) -> None:
    """Raises UsageError where ``what`` needs more bytes than this machine has memory."""
    there = machine_memory()
    if needed > there:
        raise UsageError(
            f"{what} would need about {needed / 1e9:,.0f} GB of memory, and this machine has "
            f"{there / 1e9:,.0f}; make it in parts, each with another --seed and --out."
        )


def machine_memory() -> int:
    """Bytes of memory that this process may have: the machine's, or its container's if less."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(there, int(_CGROUP_LIMIT.read_text()))
    except (OSError, ValueError):  # no container, or one without a limit, "max"
        return there
