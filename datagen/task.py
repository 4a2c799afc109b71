"""A worker's task, cut out of the job."""

from collections.abc import Sequence
from pathlib import Path

from data_manifest.header import Source
from data_manifest.record import Record
from datagen.draw import ShardTask, SourceFile
from datagen.job import Job


def shard_task(job: Job, number: int) -> ShardTask:
    """The task of drawing one shard of a job."""
    path = job.config.out / job.header.shard_name(number)
    return task_of(job, path, job.plan.shard_records(number))


def task_of(job: Job, path: Path, records: list[Record]) -> ShardTask:
    """The task of drawing ``records`` into ``path``, with just the sources that they use."""
    header, config = job.header, job.config
    return ShardTask(
        path,
        header.model_copy(update={"backgrounds": [], "foregrounds": []}),
        job.recipe,
        records,
        _files(config.bg, header.backgrounds, {record.bg for record in records}),
        _files(
            config.fg,
            header.foregrounds,
            {layer.fg for record in records for layer in record.placements()},
        ),
    )


def _files(folder: Path, sources: Sequence[Source], used: set[str]) -> dict[str, SourceFile]:
    return {
        source.id: SourceFile(folder / source.file, source.sha256)
        for source in sources
        if source.id in used
    }
