"""Which samples of a dataset are exported."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data_manifest.dataset import Dataset
from data_manifest.errors import UsageError
from data_manifest.picks import spread
from data_manifest.record import SPLITS


@dataclass(frozen=True)
class Selection:
    """Samples of a dataset on their way into format ``to``.

    ``rows`` are rows of the plan by split, (n,) each, in the order in which they are stored; splits
    without samples are left out. ``limit`` and ``where`` are what the user asked for.
    """

    dataset: Dataset
    to: str
    rows: dict[str, npt.NDArray[np.int64]]
    limit: int | None
    where: str | None = None

    def __len__(self) -> int:
        return sum(map(len, self.rows.values()))


def select(
    dataset: Dataset,
    to: str,
    splits: Sequence[str] = (),
    limit: int | None = None,
    where: str | None = None,
) -> Selection:
    """The samples of ``splits``, or of all; at most ``limit`` of them, spread evenly.

    Only such as fulfil the condition ``where``. Raises UsageError for a split that doesn't exist or
    has no sample, or where none is left.
    """
    sizes = {split: int(dataset.plan.is_word("split", split).sum()) for split in SPLITS}
    for split in splits:
        if not sizes.get(split):
            there = ", ".join(name for name, size in sizes.items() if size)
            raise UsageError(f"{dataset.folder} has no split {split!r}; it has {there}.")
    order = dataset.plan.stored_order
    chosen = splits or SPLITS
    wanted = np.any([dataset.plan.is_word("split", split) for split in chosen], axis=0)
    if where is not None:
        kept = np.zeros(len(dataset.plan), np.bool_)
        kept[dataset.where(where).rows] = True
        wanted = wanted & kept
        if not wanted.any():
            raise UsageError(f"No sample of {dataset.folder} fulfils --where {where}.")
    order = order[wanted[order]]
    order = order[spread(len(order), limit)]
    by_split = {s: order[dataset.plan.is_word("split", s)[order]] for s in SPLITS if s in chosen}
    rows = {split: found for split, found in by_split.items() if len(found)}
    return Selection(dataset, to, rows, limit, where)
