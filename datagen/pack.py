"""``datagen pack``: a dataset in another format, with a card and metadata."""

import time
from collections.abc import Callable
from typing import NamedTuple, cast, get_args

from data_manifest.commands.remark import remark
from data_manifest.dataset import open_dataset
from data_manifest.files.lock import locked
from data_manifest.files.publish import make_folder
from data_manifest.header import ShardFormat
from datagen.config import ExportFormat, PackConfig
from datagen.export.card import write_card
from datagen.export.coco import write_coco
from datagen.export.croissant import Described, damaged_files, write_croissant
from datagen.export.describe import (
    describe_coco,
    describe_parquet,
    describe_shards,
    describe_webdataset,
)
from datagen.export.label import Label, claim_export, clean
from datagen.export.output_files import ExportJob
from datagen.export.parquet import write_parquet
from datagen.export.repack import repack
from datagen.export.selection import select
from datagen.export.webdataset import write_webdataset


class Export(NamedTuple):
    """How a foreign format is written, and patterns of the files that it consists of."""

    write: Callable[[ExportJob], None]
    files: tuple[str, ...]


EXPORTS: dict[ExportFormat, Export] = {
    "webdataset": Export(write_webdataset, ("*-[0-9]*.tar",)),
    "parquet": Export(write_parquet, ("data/*-[0-9]*.parquet",)),
    "coco": Export(write_coco, ("images/*/*.jpg", "images/*/*.png", "annotations/*.json")),
}
DESCRIBE: dict[ExportFormat, Callable[[ExportJob], Described]] = {
    "webdataset": describe_webdataset,
    "parquet": describe_parquet,
    "coco": describe_coco,
    **dict.fromkeys(get_args(ShardFormat), describe_shards),
}


def pack(config: PackConfig) -> str:
    """Write a dataset, or a part of it, in another format, or what is missing of it.

    Gives a summary. Raises UsageError where there is no such dataset or split, DatasetError where
    the dataset isn't whole, RecipeError where ``out`` holds something else, WriteError where it
    can't be written.
    """
    selection = select(
        open_dataset(config.data), config.to, config.split, config.limit, config.where
    )
    start = time.monotonic()
    job = ExportJob(selection, config.out, config.workers, config.quiet)
    if config.to in EXPORTS:
        _export(job, EXPORTS[config.to], overwrite=config.overwrite)
    else:
        repack(job, cast(ShardFormat, config.to), overwrite=config.overwrite)
    write_card(config.out, selection)
    write_croissant(config.out, selection, DESCRIBE[config.to](job))
    splits = ", ".join(f"{split} {len(rows):,}" for split, rows in selection.rows.items())
    seconds = time.monotonic() - start
    return (
        f"{len(selection):,} samples ({splits}) are in {config.out} as {config.to}, {seconds:.1f} s"
    )


def _export(job: ExportJob, export: Export, *, overwrite: bool) -> None:
    make_folder(job.out)
    with locked(job.out):
        patterns = [pattern for one in EXPORTS.values() for pattern in one.files]
        claim_export(job.out, Label.of(job.selection), patterns, overwrite=overwrite)
        for path in damaged_files(job.out):
            remark(f"{path} is damaged; it is made again.", quiet=job.quiet)
            path.unlink()
        try:
            export.write(job)
        finally:
            clean(job.out)
