"""Output files, each with the samples that a worker writes into it on its own."""

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_manifest.commands.parallel import each
from data_manifest.commands.progress import progress
from data_manifest.errors import DatasetError
from data_manifest.header import Header
from data_manifest.record import Record
from data_manifest.shards import ShardReader, open_shard
from datagen.export.selection import Selection


class ExportJob(NamedTuple):
    """Which samples go where, and how the work is done."""

    selection: Selection
    out: Path
    workers: int = 1
    quiet: bool = True


class OutputFile(NamedTuple):
    """Samples of one split and the file that they become; ``sources`` are shards and records.

    ``header`` needs no sources: an OutputFile is sent to a worker as a whole.
    """

    path: Path
    split: str
    header: Header
    sources: list[tuple[Path, list[Record]]]


def write_files(
    job: ExportJob,
    name: str,
    write: Callable[[OutputFile], int],
    splits: Iterable[str] | None = None,
) -> None:
    """Call ``write`` for every file that isn't there yet, on all workers.

    ``name`` is the file's name in the output folder, of {split} and {number}. ``write`` publishes
    the file and gives its number of samples. A file holds as many samples as a shard of the
    dataset, but those of one split only.
    """
    size = samples_per_file(job.selection)
    pending = [
        (split, number, path)
        for split in (job.selection.rows if splits is None else splits)
        for number in range(math.ceil(len(job.selection.rows[split]) / size))
        if not (path := job.out / name.format(split=split, number=number)).exists()
    ]
    rows = [job.selection.rows[split][n * size : (n + 1) * size] for split, n, _ in pending]
    dataset = job.selection.dataset
    plan, header = dataset.plan, dataset.header.without_sources()
    tasks = (
        OutputFile(path, split, header, _sources(job.selection, plan.records(chosen)))
        for (split, _, path), chosen in zip(pending, rows, strict=True)
    )
    with progress("Packing", sum(map(len, rows)), "samples", quiet=job.quiet) as advance:
        for done in each(write, tasks, job.workers):
            advance(done)


def samples_per_file(selection: Selection) -> int:
    """Samples per file: as many as the fullest shard holds."""
    return int(np.bincount(selection.dataset.plan.column("shard")).max())


def _sources(selection: Selection, records: list[Record]) -> list[tuple[Path, list[Record]]]:
    dataset = selection.dataset
    return [
        (dataset.folder / dataset.header.shard_name(shard), list(of_shard))
        for shard, of_shard in groupby(records, key=lambda record: record.shard)
    ]


def samples_of(output: OutputFile) -> Iterator[tuple[ShardReader, Record]]:
    """A file's samples, each with its open shard, which is closed as soon as the next is opened.

    Raises DatasetError where a shard isn't what dataset.json says.
    """
    for path, records in output.sources:
        shard = open_shard(path)
        try:
            _check(path, shard, output.header)
            for record in records:
                yield shard, record
        finally:
            shard.close()


def _check(path: Path, shard: ShardReader, header: Header) -> None:
    if shard.label.fingerprint != header.fingerprint:
        raise DatasetError(
            f"{path} belongs to another recipe than dataset.json says; run `{header.maker}` again "
            "with --overwrite."
        )
    if header.stages.depth and shard.label.stages.depth != header.stages.depth:
        raise DatasetError(
            f"{path} has other depth than dataset.json says; run `depthgen run` again to finish it."
        )
