"""What a loader is asked for: which samples, how they are varied, and at which size."""

from collections.abc import Iterator, Sequence, Sized
from typing import NamedTuple

from data_manifest.record import Size
from train.data.batch import room_bytes
from train.data.order import Rows

EVALUATION_EPOCH = 0


class Draw(NamedTuple):
    """One batch: its samples' numbers among those trained on, and how they are shown.

    ``epoch`` and ``seed`` decide how they are varied; ``size`` is what they are resized to.
    """

    rows: Rows
    epoch: int
    seed: int
    size: Size


class Draws(Sized):
    """Batches as what a loader is asked for, made one by one as they are needed.

    Millions of samples' numbers as objects would fill the memory.
    """

    def __init__(self, batches: Sequence[Rows], epoch: int, seed: int, size: Size) -> None:
        self._batches, self._how = batches, (epoch, seed, size)

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Draw]:
        return (Draw(batch, *self._how) for batch in self._batches)

    @property
    def largest(self) -> int:
        """How many bytes the largest batch takes."""
        *_, size = self._how
        return room_bytes(max(map(len, self._batches), default=0), size)


def as_stored(rows: Rows, batch_size: int, size: Size) -> Draws:
    """Draws of samples in their order, for evaluation; the last batch may be smaller."""
    starts = range(0, len(rows), batch_size)
    batches = [rows[start : start + batch_size] for start in starts]
    return Draws(batches, EVALUATION_EPOCH, 0, size)
