"""Batches that the trainer reads itself, several at a time, while it does nothing else."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, pairwise

import cv2
import numpy as np
import torch

from train.data.batch import Shown, room_for
from train.data.draws import Draw, Draws
from train.data.order import in_parts
from train.data.samples import Samples

BURST_BYTES = 32 * 2**20
"""What is read at a time: after a step the processor's caches hold nothing of what reading needs,
and the first samples take twice as long."""
MOST_THREADS = 4  # a third of a sample's time is Python's, which runs in one thread at a time


class ReadingBursts:
    """Reads ``samples`` in threads on the cores that torch has when it is its turn."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._threads = min(torch.get_num_threads(), MOST_THREADS)
        self._pool = ThreadPoolExecutor(self._threads)
        cv2.setNumThreads(1)  # the other threads have the other cores

    def batches(self, draws: Draws) -> Iterator[Shown]:
        """The batches of ``draws``. Raises what :class:`Samples` raises."""
        rest, at_once = iter(draws), max(BURST_BYTES // max(draws.largest, 1), 1)
        while burst := list(islice(rest, at_once)):
            whole = burst[0]._replace(rows=np.concatenate([draw.rows for draw in burst]))
            room = room_for(len(whole.rows), whole.size)
            self._read(whole, room)
            ends = np.cumsum([len(draw.rows) for draw in burst]).tolist()
            for begin, end in pairwise([0, *ends]):
                yield room.part(slice(begin, end))

    def _read(self, whole: Draw, room: Shown) -> None:
        """Read a burst, a part in each thread."""
        parts = [slice(*bounds) for bounds in in_parts(len(whole.rows), self._threads)]
        draws = [whole._replace(rows=whole.rows[part]) for part in parts]
        for _ in self._pool.map(self._samples.read, draws, map(room.part, parts)):
            pass
