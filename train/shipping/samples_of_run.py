"""The samples that a run was trained and judged on, as far as they are still there."""

from pathlib import Path

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, UsageError
from data_manifest.header import DepthEncoding
from train.running.run_folder import read_options

JUDGING_SPLITS = ("val", "val_fg", "val_bg")
"""The first of them that has samples judges, as it does in ``train fit``."""


def dataset_of(run: Path, shards: tuple[str, ...]) -> Dataset:
    """The dataset in ``shards``, else the run's own. Raises UsageError or DatasetError."""
    return Dataset(shards or read_options(run).shards)


def judging_split(dataset: Dataset, encoding: DepthEncoding) -> tuple[str, Dataset]:
    """Name and samples of the split that judges a student of ``encoding``.

    Raises DatasetError where none is held out, or the labels mean something else.
    """
    its = dataset.depth_encoding
    meant, found = ((part.unit, part.kind, part.near_is) for part in (encoding, its))
    if meant != found:
        raise UsageError(
            f"{dataset.folder} has depth that is {', '.join(found)}, and the student answers with "
            f"{', '.join(meant)}; give --shards of a dataset like the one it was trained on."
        )
    for split in JUDGING_SPLITS:
        part = dataset.select(split)
        if len(part):
            return split, part
    raise DatasetError(f"{dataset.folder} has no validation samples; its --hold-out is 0.")
