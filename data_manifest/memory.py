"""How the C library handles the memory of large arrays."""

import numpy as np

_LESSON_BYTES = 31 * 2**20


def keep_freed_memory() -> None:
    """Make the C library keep freed arrays instead of giving every page back to the system.

    glibc learns from the largest block freed so far, up to 32 MiB, what it should keep; without
    this lesson networks on a CPU spend up to a third of their time in page faults. Harmless
    elsewhere.
    """
    np.ones(_LESSON_BYTES, np.uint8)
