"""Whether a dataset can be trained on, told before anything is written."""

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, UsageError
from data_manifest.picks import spread
from train.config.fit import FitConfig
from train.config.sizes import wrong_sides
from train.models.names import described


def training_samples(options: FitConfig, dataset: Dataset) -> Dataset:
    """What is trained on: the training split, or what of it fulfils ``--where``."""
    found = dataset.select("train")
    return found if options.where is None else found.where(options.where)


def check_trainable(options: FitConfig, dataset: Dataset) -> None:
    """Raises DatasetError or UsageError where a dataset can't be trained on with these options,
    RecipeError where one of its shards is another dataset's."""
    _ = dataset.depth_encoding
    if not len(dataset.select("train")):
        raise DatasetError(f"{dataset.folder}: these shards hold no sample of the split train.")
    count = len(spread(len(training_samples(options, dataset)), options.limit))
    if not count:
        raise UsageError(f"No sample of the split train fulfils --where {options.where}.")
    if options.chain > count:
        raise UsageError(f"--chain {options.chain} is more than the {count} samples trained on.")
    size = dataset.header.size
    wrong = wrong_sides(size, described(options.model))
    if options.size is None and wrong:
        raise UsageError(
            f"The dataset's pictures are {size} pixels, but {options.model} {wrong}; give --size."
        )
    dataset.check_shards()
