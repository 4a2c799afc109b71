"""``datagen overlay``: two folders of pictures to a dataset of composites and masks."""

import time
from collections.abc import Sequence

from data_manifest.commands.remark import remark
from data_manifest.errors import DatasetError, SourceError
from data_manifest.files.lock import locked
from data_manifest.files.publish import make_folder, publish_lines, remove_leftovers
from data_manifest.shards.fill import Filled, Filling, fill_shards
from datagen.config import OverlayConfig
from datagen.drawing.draw_shard import ShardTask, draw_shard
from datagen.drawing.forecast import counts, forecast
from datagen.drawing.job import DrawingJob, publish_plan, remarks, settle_job
from datagen.folders.dataset_folder import FAILURES_FILE
from datagen.sources.rejects import REJECTS_FILE


def overlay(config: OverlayConfig) -> str:
    """Draw the dataset that ``config`` describes, or what is missing of it; gives a summary.

    Raises UsageError for folders without usable pictures, DatasetError where ``out`` holds a
    dataset of another recipe or a shard couldn't be drawn, WriteError where it can't be written.
    """
    job = settle_job(config)
    for sentence in remarks(job):
        remark(sentence, quiet=config.quiet)
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


def _draw(job: DrawingJob, pending: Sequence[int]) -> list[Filled]:
    """Draw shards on all workers; those that fail are written down and the others go on."""
    config = job.config
    total = sum(len(job.plan.shard_rows(number)) for number in pending)
    how = Filling("Drawing", total, config.workers, config.quiet)
    drawn = fill_shards(config.out, job.header, how, _try_to_draw, map(job.task, pending))
    _record_failures(job, [one for one in drawn if one.failure], len(pending))
    return drawn


def _try_to_draw(task: ShardTask) -> Filled:
    try:
        return draw_shard(task)
    except SourceError as error:
        return Filled(task.path.name, 0, failure=str(error))


def _record_failures(job: DrawingJob, failures: Sequence[Filled], tried: int) -> None:
    """Leave failures.jsonl as it is now true. Raises DatasetError where anything failed."""
    path = job.config.out / FAILURES_FILE
    if not failures:
        path.unlink(missing_ok=True)
        return
    publish_lines(path, ({"shard": one.shard, "reason": one.failure} for one in failures))
    raise DatasetError(
        f"{len(failures):,} of {tried:,} shards couldn't be drawn, the others are done; first: "
        f"{failures[0].failure} All are in {path}; put that right and run the same command again."
    )


def _summary(job: DrawingJob, drawn: Sequence[Filled], seconds: float) -> str:
    lines, samples = [counts(job)], sum(one.samples for one in drawn)
    empty = sum(one.empty for one in drawn)
    if samples:
        lines.append(
            f"drew {samples:,} of them in {seconds:.1f} s "
            f"({samples / seconds:,.0f} a second) into {job.config.out}"
        )
    else:
        lines.append(f"all of them were in {job.config.out} already")
    if empty:
        why = "those cut-outs are too thin, feathered too wide or cut off"
        lines.append(f"{empty:,} masks are empty: {why}")
    if job.rejects:
        lines.append(f"{len(job.rejects):,} pictures left out, see {job.config.out / REJECTS_FILE}")
    return "\n".join(lines)
