"""Batches that the trainer reads itself, several at a time."""

from collections.abc import Iterator
from itertools import islice, pairwise

import cv2
import numpy as np

from train.data.batch import Shown, room_for
from train.data.draws import Draws
from train.data.samples import Samples

BURST_BYTES = 32 * 2**20
"""What is read at a time: after a step the processor's caches hold nothing of what reading needs,
and the first samples take twice as long."""


class ReadingBursts:
    """Reads ``samples`` in this process, while it does nothing else."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        cv2.setNumThreads(1)  # torch has the other cores

    def batches(self, draws: Draws) -> Iterator[Shown]:
        """The batches of ``draws``. Raises what :class:`Samples` raises."""
        rest, at_once = iter(draws), max(BURST_BYTES // max(draws.largest, 1), 1)
        while burst := list(islice(rest, at_once)):
            whole = burst[0]._replace(rows=np.concatenate([draw.rows for draw in burst]))
            room = room_for(len(whole.rows), whole.size)
            self._samples.read(whole, room)
            ends = np.cumsum([len(draw.rows) for draw in burst]).tolist()
            for begin, end in pairwise([0, *ends]):
                yield room.part(slice(begin, end))
