"""Memory that reading processes write batches into and the trainer reads them from.

Nothing is copied between processes, and no page of it is new to them after the first pass, which
otherwise takes longer than decoding. A file without a name: it is gone when the last process is,
however that ends, and a container's limit on named shared memory doesn't count.
"""

import mmap
import os
import tempfile
import weakref
from multiprocessing import reduction
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

ALIGNED = 64  # bytes, so that float32 lies as processors want it in every slot


class Slots:
    """``count`` slots of ``size`` bytes or a few more, shared with every process it is sent to."""

    def __init__(self, count: int, size: int) -> None:
        size = -(-size // ALIGNED) * ALIGNED
        self._attach(_nameless_file(count * size), count, size)
        if torch.cuda.is_available():
            self._pin()

    def _attach(self, file: int, count: int, size: int) -> None:
        self._file, self._shape = file, (count, size)
        weakref.finalize(self, os.close, file)
        pages = mmap.mmap(file, count * size)
        self.memory: npt.NDArray[np.uint8] = np.frombuffer(pages, np.uint8).reshape(count, size)

    def __getitem__(self, number: int) -> npt.NDArray[np.uint8]:
        """Slot ``number``, counted round and round, (size,) uint8."""
        slot: npt.NDArray[np.uint8] = self.memory[number % len(self.memory)]
        return slot

    def __getstate__(self) -> tuple[Any, int, int]:
        return (reduction.DupFd(self._file), *self._shape)

    def __setstate__(self, state: tuple[Any, int, int]) -> None:
        file, count, size = state
        self._attach(file.detach(), count, size)

    def _pin(self) -> None:
        """Let a GPU read it directly; where the driver doesn't allow that, copies are slower."""
        driver: Any = torch.cuda.cudart()  # type: ignore[no-untyped-call]
        begin = self.memory.ctypes.data
        driver.cudaHostRegister(begin, self.memory.nbytes, 0)
        weakref.finalize(self, driver.cudaHostUnregister, begin).atexit = False


def _nameless_file(size: int) -> int:
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("batches")
    else:
        with tempfile.TemporaryFile() as named:
            file = os.dup(named.fileno())
    os.ftruncate(file, size)
    return file
