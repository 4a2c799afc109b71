"""The samples that a run was trained and is judged on, as far as they are still there."""

from pathlib import Path
from typing import NamedTuple

from data_manifest.dataset import Dataset
from data_manifest.depth_stage import DepthEncoding
from data_manifest.errors import DatasetError, UsageError
from train.data.samples import Samples
from train.running.run_folder import read_options

JUDGING_SPLITS = ("val", "val_fg", "val_bg")
"""The first of them that has samples judges, as it does in ``train fit``."""


class Judging(NamedTuple):
    """Samples of a split, and how their depth is to be read."""

    split: str
    samples: Samples
    encoding: DepthEncoding

    def __str__(self) -> str:
        return f"{len(self.samples):,} samples of {self.split}"


def dataset_of(run: Path, shards: tuple[str, ...]) -> Dataset:
    """The dataset in ``shards``, else the run's own.

    Raises UsageError where nothing is there, DatasetError where it isn't whole.
    """
    return Dataset(shards or read_options(run).shards)


def judging_samples(dataset: Dataset, encoding: DepthEncoding, limit: int | None) -> Judging:
    """What judges a student whose depth is of ``encoding``: at most ``limit`` samples, if given.

    Raises DatasetError where none is held out, UsageError where depth means something else there.
    """
    its = dataset.depth_encoding
    meant, found = ((part.unit, part.kind, part.near_is) for part in (encoding, its))
    if meant != found:
        raise UsageError(
            f"Depth in {dataset.folder} is {_meaning(its)}, but the student's is "
            f"{_meaning(encoding)}; give --shards of a dataset like the one it was trained on."
        )
    for split in JUDGING_SPLITS:
        part = dataset.select(split)
        if len(part):
            return Judging(split, Samples(part, limit), its)
    raise DatasetError(f"{dataset.folder} has no validation samples; its --hold-out is 0.")


def _meaning(encoding: DepthEncoding) -> str:
    unit = "without a unit" if encoding.unit == "none" else f"in {encoding.unit}"
    return f"{encoding.kind.replace('_', ' ')} {unit}, near is {encoding.near_is}"
