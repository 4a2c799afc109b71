"""``datagen pack``: a dataset in another format, with a card and metadata."""

import time
from collections.abc import Callable
from typing import NamedTuple

from data_manifest.dataset import open_dataset
from data_manifest.lock import locked
from data_manifest.publish import make_folder
from datagen.config import ExportFormat, PackConfig
from datagen.export.card import write_card
from datagen.export.claim import Label, claim, clean
from datagen.export.coco import write_coco
from datagen.export.croissant import Described, write_croissant
from datagen.export.describe import describe_coco, describe_parquet, describe_webdataset
from datagen.export.parquet import write_parquet
from datagen.export.part import Job
from datagen.export.selection import select
from datagen.export.webdataset import write_webdataset


class Export(NamedTuple):
    """How a format is written and described, and patterns of the files that it consists of."""

    write: Callable[[Job], None]
    describe: Callable[[Job], Described]
    files: tuple[str, ...]


EXPORTS: dict[ExportFormat, Export] = {
    "webdataset": Export(write_webdataset, describe_webdataset, ("*-[0-9]*.tar",)),
    "parquet": Export(write_parquet, describe_parquet, ("data/*-[0-9]*.parquet",)),
    "coco": Export(write_coco, describe_coco, ("images/*/*", "annotations/*.json")),
}


def pack(config: PackConfig) -> str:
    """Export a dataset, or what is missing of the export; gives a summary.

    Raises UsageError where there is no such dataset or split, DatasetError where the dataset isn't
    whole, RecipeError where ``out`` holds something else, WriteError where it can't be written.
    """
    selection = select(open_dataset(config.data), config.to, config.split, config.limit)
    export = EXPORTS[config.to]
    start = time.monotonic()
    make_folder(config.out)
    with locked(config.out):
        claim(config.out, Label.of(selection, export.files), overwrite=config.overwrite)
        job = Job(selection, config.out, config.workers, config.quiet)
        try:
            export.write(job)
        finally:
            clean(config.out)
        write_card(config.out, selection)
        write_croissant(config.out, selection, export.describe(job))
    splits = ", ".join(f"{split} {len(rows):,}" for split, rows in selection.rows.items())
    seconds = time.monotonic() - start
    return (
        f"{len(selection):,} samples ({splits}) are in {config.out} as {config.to}, {seconds:.1f} s"
    )
