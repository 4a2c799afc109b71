"""``datagen overlay``: two folders of pictures to a dataset of composites and masks."""

import time
from collections.abc import Sequence

import click

from data_manifest.lock import locked
from data_manifest.parallel import each
from data_manifest.progress import progress
from data_manifest.publish import make_folder, remove_leftovers
from datagen.config import OverlayConfig
from datagen.draw import Drawn, draw_shard
from datagen.forecast import counts, forecast
from datagen.job import Job, prepare, publish_plan, remarks
from datagen.scan import REJECTS_FILE
from datagen.task import shard_task


def overlay(config: OverlayConfig) -> str:
    """Draw the dataset that ``config`` describes, or what is missing of it; gives a summary.

    Raises UsageError for folders without usable pictures, DatasetError where ``out`` holds a
    dataset of another recipe, WriteError where it can't be written.
    """
    job = prepare(config)
    for sentence in remarks(job):
        click.echo(sentence, err=True)
    if config.dry_run:
        return forecast(job)
    start = time.monotonic()
    make_folder(config.out)
    with locked(config.out):
        remove_leftovers(config.out)
        pending = publish_plan(job)
        try:
            drawn = _draw(job, pending)
        finally:
            remove_leftovers(config.out)
    return _summary(job, drawn, time.monotonic() - start)


def _draw(job: Job, pending: Sequence[int]) -> Drawn:
    """Draw shards on all workers."""
    total = sum(len(job.plan.shard_rows(number)) for number in pending)
    tasks = (shard_task(job, number) for number in pending)
    empty = 0
    with progress("Drawing", total, "samples", quiet=job.config.quiet) as advance:
        for drawn in each(draw_shard, tasks, job.config.workers):
            advance(drawn.samples)
            empty += drawn.empty
    return Drawn(total, empty)


def _summary(job: Job, drawn: Drawn, seconds: float) -> str:
    lines = [counts(job)]
    if drawn.samples:
        lines.append(
            f"drew {drawn.samples:,} of them in {seconds:.1f} s "
            f"({drawn.samples / seconds:,.0f} a second) into {job.config.out}"
        )
    else:
        lines.append(f"all of them were in {job.config.out} already")
    if drawn.empty:
        lines.append(f"{drawn.empty:,} masks are empty: those cut-outs are too thin at this size")
    if job.rejects:
        lines.append(f"{len(job.rejects):,} pictures left out, see {job.config.out / REJECTS_FILE}")
    return "\n".join(lines)
