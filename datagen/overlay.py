"""``datagen overlay``: two folders of pictures to a dataset of composites and masks."""

import json
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, get_args

import click
import joblib
import numpy as np

from data_manifest.dataset import HEADER_FILE, PLAN_FILE, STATS_FILE
from data_manifest.errors import DatasetError, RecipeError
from data_manifest.header import Header, ShardFormat, Source, Stages
from data_manifest.lock import locked
from data_manifest.plan import Plan
from data_manifest.progress import progress
from data_manifest.publish import make_folder, publish_text, remove_leftovers, writing
from data_manifest.record import EncodedSample, Record
from data_manifest.shard import check_shard
from datagen.config import OverlayConfig
from datagen.draw import Drawn, ShardTask, SourceFile, draw_samples, draw_shard, one_opencv_thread
from datagen.placement import make_plan
from datagen.recipe import Recipe, fingerprint, what_changed
from datagen.scan import Kind, Reject, scan

REJECTS_FILE = "rejects.jsonl"
_SOFTWARE = ("diorama", "numpy", "opencv-python-headless", "pillow", "h5py")
_DRY_RUN_SAMPLES = 64


class Job(NamedTuple):
    """All that is known before a pixel is drawn."""

    config: OverlayConfig
    recipe: Recipe
    header: Header
    plan: Plan
    rejects: list[Reject]


def overlay(config: OverlayConfig) -> str:
    """Draw the dataset that ``config`` describes, or what is missing of it; gives a summary.

    Raises UsageError for folders without usable pictures, DatasetError where ``out`` holds a
    dataset of another recipe, WriteError where it can't be written.
    """
    job = prepare(config)
    for sentence in _remarks(job):
        click.echo(sentence, err=True)
    if config.dry_run:
        return _forecast(job)
    start = time.monotonic()
    make_folder(config.out)
    with locked(config.out):
        remove_leftovers(config.out)
        pending = _publish_plan(job)
        drawn = _draw(job, pending)
    return _summary(job, drawn, time.monotonic() - start)


def prepare(config: OverlayConfig) -> Job:
    """Read the sources and draw the plan."""
    backgrounds, foregrounds = (
        scan(kind, folder, workers=config.workers, strict=config.strict, quiet=config.quiet)
        for kind, folder in _folders(config).items()
    )
    recipe = Recipe.of(config)
    plan, notes = make_plan(recipe, backgrounds.sources, foregrounds.sources)
    header = Header(
        fingerprint=fingerprint(recipe, backgrounds.sources, foregrounds.sources),
        samples=len(plan),
        shards=plan.shard_count,
        format=config.format,
        codec=config.codec,
        size=config.size,
        recipe=recipe.model_dump(mode="json"),
        backgrounds=backgrounds.sources,
        foregrounds=foregrounds.sources,
        software={name: version(name) for name in _SOFTWARE},
        notes=notes,
    )
    return Job(config, recipe, header, plan, backgrounds.rejects + foregrounds.rejects)


def _folders(config: OverlayConfig) -> dict[Kind, Path]:
    return {"bg": config.bg, "fg": config.fg}


def _remarks(job: Job) -> Iterator[str]:
    for reject in job.rejects:
        yield f"Left out {_folders(job.config)[reject.kind] / reject.file}: {reject.reason}."
    yield from job.header.notes


def _publish_plan(job: Job) -> list[int]:
    """Write plan and header; gives the shards that are still to be drawn."""
    out, header = job.config.out, job.header
    old = Header.read(out / HEADER_FILE) if (out / HEADER_FILE).exists() else None
    if job.config.overwrite:
        _clear(out)
    elif old and old.fingerprint != header.fingerprint:
        raise RecipeError(
            f"{out} holds a dataset of another recipe: {what_changed(old, header)}. "
            "Choose another --out, or give --overwrite to replace it."
        )
    pending = [number for number in range(header.shards) if not _is_drawn(job, number)]
    if old and not pending:
        header = old
    elif old and not job.config.overwrite:
        header = header.model_copy(update={"stages": Stages()})
    rejects = [json.dumps(reject._asdict(), ensure_ascii=False) + "\n" for reject in job.rejects]
    publish_text(out / REJECTS_FILE, "".join(rejects))
    job.plan.write(out / PLAN_FILE)
    header.write(out / HEADER_FILE)
    return pending


def _is_drawn(job: Job, number: int) -> bool:
    path = job.config.out / job.header.shard_name(number)
    if not path.exists():
        return False
    try:
        check_shard(path, job.header.fingerprint, len(job.plan.shard_rows(number)))
    except RecipeError:
        raise
    except DatasetError as error:
        click.echo(f"Drawing again: {error}", err=True)
        return False
    return True


def _clear(out: Path) -> None:
    """Delete the dataset in ``out``, and nothing else that may lie there."""
    shards = (f"{'[0-9]' * 5}.{ending}" for ending in get_args(ShardFormat))
    with writing(out):
        for pattern in (*shards, PLAN_FILE, HEADER_FILE, STATS_FILE):
            for path in out.glob(pattern):
                path.unlink()


def _draw(job: Job, pending: Sequence[int]) -> Drawn:
    """Draw shards on all workers."""
    total = sum(len(job.plan.shard_rows(number)) for number in pending)
    parallel = joblib.Parallel(job.config.workers, return_as="generator_unordered", batch_size=1)
    work = (joblib.delayed(draw_shard)(_task(job, number)) for number in pending)
    empty = 0
    with progress("Drawing", total, "samples", quiet=job.config.quiet) as advance:
        for drawn in parallel(work):
            advance(drawn.samples)
            empty += drawn.empty
    return Drawn(total, empty)


def _task(job: Job, number: int) -> ShardTask:
    path = job.config.out / job.header.shard_name(number)
    return _task_of(job, path, list(job.plan.shard_records(number)))


def _task_of(job: Job, path: Path, records: list[Record]) -> ShardTask:
    header, config = job.header, job.config
    return ShardTask(
        path,
        header.model_copy(update={"backgrounds": [], "foregrounds": []}),
        job.recipe,
        records,
        _files(config.bg, header.backgrounds, {record.bg for record in records}),
        _files(config.fg, header.foregrounds, {record.fg for record in records}),
    )


def _files(folder: Path, sources: Sequence[Source], used: set[str]) -> dict[str, SourceFile]:
    return {
        source.id: SourceFile(folder / source.file, source.sha256)
        for source in sources
        if source.id in used
    }


def _forecast(job: Job) -> str:
    """Draw a few samples without keeping them; says what the whole run would make and take."""
    chosen = np.linspace(0, len(job.plan) - 1, min(len(job.plan), _DRY_RUN_SAMPLES)).astype(int)
    task = _task_of(job, job.config.out, [job.plan[int(row)] for row in chosen])
    with one_opencv_thread():
        for _ in draw_samples(task):
            pass  # sources are now decoded, as they soon are in a long run
        start = time.perf_counter()
        size = sum(_nbytes(sample) for sample, _ in draw_samples(task))
        seconds = time.perf_counter() - start
    each, header = size / len(chosen), job.header
    total = seconds / len(chosen) * len(job.plan) / min(job.config.workers, header.shards)
    return (
        f"{_counts(job)}\n"
        f"about {each * len(job.plan) / 1e6:,.0f} MB in {header.shards:,} shards "
        f"({each / 1e3:.1f} kB a sample), about {total:,.0f} s with {job.config.workers} workers\n"
        f"nothing was written; leave out --dry-run to make it"
    )


def _nbytes(sample: EncodedSample) -> int:
    return sum(
        len(part) if isinstance(part, bytes) else part.nbytes
        for part in (sample.fg_bg, sample.mask)
    )


def _counts(job: Job) -> str:
    split = job.plan.column("split")
    words = job.plan.words("split")
    parts = [f"{word} {np.count_nonzero(split == code):,}" for code, word in enumerate(words)]
    return (
        f"{len(job.plan):,} samples of {len(job.header.backgrounds):,} backgrounds and "
        f"{len(job.header.foregrounds):,} foregrounds: {', '.join(parts)}"
    )


def _summary(job: Job, drawn: Drawn, seconds: float) -> str:
    lines = [_counts(job)]
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
