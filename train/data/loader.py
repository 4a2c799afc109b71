"""Batches of samples, made ahead in reading processes or as they are asked for."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch.utils import data

from data_manifest.record import Size
from train.data.batch import Batch
from train.data.order import Draw, Rows
from train.data.samples import Samples

EVALUATION_EPOCH = 0


class Batches(data.Sampler[list[Draw]]):
    """Which samples a loader gives next; set ``draws`` before each pass."""

    def __init__(self) -> None:
        self.draws: Sequence[list[Draw]] = ()

    def __len__(self) -> int:
        return len(self.draws)

    def __iter__(self) -> Iterator[list[Draw]]:
        return iter(self.draws)


class Loader:
    """Batches of ``samples`` in any order; its reading processes stay from pass to pass."""

    def __init__(self, samples: Samples, workers: int) -> None:
        self._batches = Batches()
        self._loader: data.DataLoader[Batch] = data.DataLoader(
            samples,
            batch_sampler=self._batches,
            num_workers=workers,
            persistent_workers=workers > 0,
            multiprocessing_context="forkserver" if workers else None,
            pin_memory=torch.cuda.is_available(),
        )

    def batches(self, draws: Sequence[list[Draw]]) -> Iterable[Batch]:
        """The samples of ``draws``, a batch each, as read: uint8 pictures."""
        self._batches.draws = draws
        return self._loader


def draws_of(batches: Iterable[Rows], epoch: int, seed: int, size: Size) -> list[list[Draw]]:
    """Batches of sample numbers as draws."""
    return [[Draw(int(row), epoch, seed, size) for row in batch] for batch in batches]


def as_stored(rows: Rows, batch_size: int, size: Size) -> list[list[Draw]]:
    """Draws of samples in their order, for evaluation; the last batch may be smaller."""
    starts = range(0, len(rows), batch_size)
    batches = [rows[start : start + batch_size] for start in starts]
    return draws_of(batches, EVALUATION_EPOCH, 0, size)
