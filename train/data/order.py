"""Which samples an epoch shows, in which order and in which batches; a matter of numbers alone.

So that a run can go on anywhere: who knows seed, epoch and how many samples of it were shown knows
all that is still to come, whatever the number of processes (as MosaicML's Streaming does it).
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from data_manifest.record import Size

Rows = npt.NDArray[np.int64]


class Leg(NamedTuple):
    """One epoch of a run: its number, the size of its pictures and the samples that it shows.

    ``part`` is the link of the chain that it belongs to, 0 where there is none.
    """

    epoch: int
    size: Size
    rows: Rows
    part: int


def shuffled(rows: Rows, seed: int, epoch: int) -> Rows:
    """The order in which an epoch shows ``rows``."""
    generator = np.random.Generator(np.random.Philox(key=[seed, epoch]))
    return generator.permutation(rows)


def in_batches(order: Rows, batch_size: int) -> list[Rows]:
    """The order cut into batches of at most ``batch_size``, whose sizes differ by one at most.

    So no batch is tiny, as the last one would be if the others were filled up.
    """
    return np.array_split(order, steps_of(len(order), batch_size))


def steps_of(samples: int, batch_size: int) -> int:
    """How many batches an epoch of so many samples has."""
    return -(-samples // batch_size)


def not_yet_shown(batches: list[Rows], consumed: int) -> list[Rows]:
    """The batches that follow after ``consumed`` samples; a batch is never shown in part."""
    shown = np.cumsum([len(batch) for batch in batches])
    return [batch for batch, end in zip(batches, shown, strict=True) if end > consumed]


def share_of(batch: Rows, rank: int, ranks: int) -> Rows:
    """What of a batch the process ``rank`` of ``ranks`` takes: every ``ranks``-th sample."""
    return batch[rank::ranks]


def links(samples: int, chain: int) -> list[Rows]:
    """The numbers of all samples in ``chain`` parts, in the order of the plan."""
    return np.array_split(np.arange(samples), chain)


def legs(sizes: list[tuple[Size, int]], samples: int, chain: int = 1) -> list[Leg]:
    """The epochs of a run: for each link of the chain, each size for its number of epochs."""
    found: list[Leg] = []
    for part, rows in enumerate(links(samples, chain)):
        for size, epochs in sizes:
            found += [Leg(len(found) + k, size, rows, part) for k in range(epochs)]
    return found


def in_parts(count: int, parts: int) -> list[tuple[int, int]]:
    """``count`` in so many nearly equal parts: where each begins and ends; some may be empty."""
    return list(pairwise(count * number // parts for number in range(parts + 1)))
