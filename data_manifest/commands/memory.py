"""Memory: how much of it there is, and how the C library handles that of large arrays."""

import os
from pathlib import Path

import numpy as np

from data_manifest.errors import UsageError

_LESSON_BYTES = 31 * 2**20
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def keep_freed_memory() -> None:
    """Make the C library keep freed arrays instead of giving every page back to the system.

    glibc learns from the largest block freed so far, up to 32 MiB, what it should keep; without
    this lesson networks on a CPU spend up to a third of their time in page faults. Harmless
    elsewhere.
    """
    np.ones(_LESSON_BYTES, np.uint8)


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
