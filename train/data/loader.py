"""Batches of samples, made ahead in reading processes or as they are asked for."""

from collections.abc import Iterable, Iterator, Sequence, Sized

import torch
from torch.utils import data

from data_manifest.record import Size
from train.data.batch import Batch, Shown, collate
from train.data.order import Draw, Rows
from train.data.samples import Samples

EVALUATION_EPOCH = 0


class Draws(Sized):
    """Batches of sample numbers as what a loader is asked for, made one by one as they are needed.

    Millions of them as objects would fill the memory.
    """

    def __init__(self, batches: Sequence[Rows], epoch: int, seed: int, size: Size) -> None:
        self._batches, self._how = batches, (epoch, seed, size)

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[list[Draw]]:
        for batch in self._batches:
            yield [Draw(row, *self._how) for row in batch.tolist()]


class _Asked(data.Sampler[list[Draw]]):
    """Which samples a loader gives in its next pass."""

    def __init__(self) -> None:
        self.draws = Draws((), 0, 0, Size(1, 1))

    def __len__(self) -> int:
        return len(self.draws)

    def __iter__(self) -> Iterator[list[Draw]]:
        return iter(self.draws)


class Loader:
    """Batches of ``samples`` in any order; its reading processes stay from pass to pass."""

    def __init__(self, samples: Samples, workers: int) -> None:
        self._asked = _Asked()
        self._loader: data.DataLoader[Shown] = data.DataLoader(
            samples,
            collate_fn=collate,
            batch_sampler=self._asked,
            num_workers=workers,
            persistent_workers=workers > 0,
            multiprocessing_context="forkserver" if workers else None,
            pin_memory=torch.cuda.is_available(),
        )

    @property
    def readers(self) -> list[int]:
        """The process numbers of its readers, once a pass has begun."""
        return [worker.pid for worker in getattr(self._loader._iterator, "_workers", ())]

    def batches(self, draws: Draws) -> Iterable[Batch]:
        """The samples of ``draws``, a batch each, as read: uint8 pictures."""
        self._asked.draws = draws
        return self._loader


def as_stored(rows: Rows, batch_size: int, size: Size) -> Draws:
    """Draws of samples in their order, for evaluation; the last batch may be smaller."""
    starts = range(0, len(rows), batch_size)
    batches = [rows[start : start + batch_size] for start in starts]
    return Draws(batches, EVALUATION_EPOCH, 0, size)
