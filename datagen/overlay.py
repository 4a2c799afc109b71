"""``datagen overlay``: two folders of pictures to a dataset of composites and masks."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import click

from data_manifest.digests import note_digest, tidy_digests
from data_manifest.errors import DatasetError, SourceError
from data_manifest.lock import locked
from data_manifest.parallel import each
from data_manifest.progress import progress
from data_manifest.publish import make_folder, publish_lines, remove_leftovers
from datagen.config import OverlayConfig
from datagen.destination import FAILURES_FILE
from datagen.draw import Drawn, ShardTask, draw_shard
from datagen.forecast import counts, forecast
from datagen.job import Job, prepare, publish_plan, remarks
from datagen.scan import REJECTS_FILE


class Failure(NamedTuple):
    """A shard that couldn't be drawn, and why."""

    shard: str
    reason: str


class Tally(NamedTuple):
    """What a run has drawn."""

    samples: int
    empty: int


def overlay(config: OverlayConfig) -> str:
    """Draw the dataset that ``config`` describes, or what is missing of it; gives a summary.

    Raises UsageError for folders without usable pictures, DatasetError where ``out`` holds a
    dataset of another recipe or a shard couldn't be drawn, WriteError where it can't be written.
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
        tidy_digests(config.out, job.header.shard_names())
    return _summary(job, drawn, time.monotonic() - start)


def _draw(job: Job, pending: Sequence[int]) -> Tally:
    """Draw shards on all workers; those that fail are written down and the others go on."""
    total = sum(len(job.plan.shard_rows(number)) for number in pending)
    empty, failures = 0, []
    with progress("Drawing", total, "samples", quiet=job.config.quiet) as advance:
        for drawn in each(_try_to_draw, map(job.task, pending), job.config.workers):
            if isinstance(drawn, Failure):
                failures.append(drawn)
                continue
            note_digest(job.config.out, drawn.shard, drawn.sha256)
            advance(drawn.samples)
            empty += drawn.empty
    _record_failures(job, failures, len(pending))
    return Tally(total, empty)


def _try_to_draw(task: ShardTask) -> Drawn | Failure:
    try:
        return draw_shard(task)
    except SourceError as error:
        return Failure(task.path.name, str(error))


def _record_failures(job: Job, failures: Sequence[Failure], tried: int) -> None:
    """Leave failures.jsonl as it is now true. Raises DatasetError where anything failed."""
    path = job.config.out / FAILURES_FILE
    if not failures:
        path.unlink(missing_ok=True)
        return
    publish_lines(path, (failure._asdict() for failure in sorted(failures)))
    raise DatasetError(
        f"{len(failures):,} of {tried:,} shards couldn't be drawn, the others are done; first: "
        f"{min(failures).reason} All are in {path}; put that right and run the same command again."
    )


def _summary(job: Job, drawn: Tally, seconds: float) -> str:
    lines = [counts(job)]
    if drawn.samples:
        lines.append(
            f"drew {drawn.samples:,} of them in {seconds:.1f} s "
            f"({drawn.samples / seconds:,.0f} a second) into {job.config.out}"
        )
    else:
        lines.append(f"all of them were in {job.config.out} already")
    if drawn.empty:
        why = "those cut-outs are too thin, feathered too wide or cut off"
        lines.append(f"{drawn.empty:,} masks are empty: {why}")
    if job.rejects:
        lines.append(f"{len(job.rejects):,} pictures left out, see {job.config.out / REJECTS_FILE}")
    return "\n".join(lines)
