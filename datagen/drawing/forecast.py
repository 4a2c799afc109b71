"""``--dry-run``: what a job would make and take, from a few samples drawn and forgotten."""

import time

import numpy as np

from data_manifest.picks import spread
from datagen.drawing.draw_shard import draw_backgrounds, draw_samples, one_opencv_thread
from datagen.drawing.job import DrawingJob
from datagen.planning.placement_table import used_sources

DRAWN = 64
BACKGROUNDS = 16


def forecast(job: DrawingJob) -> str:
    """Draw a few samples without keeping them; says what the whole run would make and take."""
    part = job.plan.take(spread(len(job.plan), DRAWN))
    task, records = job.ingredients.task(job.config.out, part), part.records()
    with one_opencv_thread():
        for _ in draw_samples(task, records):
            pass  # sources are now decoded, as they soon are in a long run
        start = time.perf_counter()
        size = sum(_nbytes(*sample[1:]) for sample, _ in draw_samples(task, records))
        seconds = time.perf_counter() - start
        shown = sorted(used_sources(part)[0])[:BACKGROUNDS]
        ground = sum(_nbytes(data) for _, data in draw_backgrounds(task, shown)) / len(shown)
    header, samples = job.header, len(job.plan)
    whole = size / len(records) * samples + ground * _stored_backgrounds(job)
    total = seconds / len(records) * samples / min(job.config.workers, header.shards)
    return (
        f"{counts(job)}\n"
        f"about {whole / 1e6:,.0f} MB in {header.shards:,} shards "
        f"({whole / samples / 1e3:.1f} kB a sample), about {total:,.0f} s with "
        f"{job.config.workers} workers\n"
        f"nothing was written; leave out --dry-run to make it"
    )


def _stored_backgrounds(job: DrawingJob) -> int:
    """How many backgrounds all shards hold: each has its own, once."""
    shard, bg = (job.plan.column(name).astype(np.int64) for name in ("shard", "bg"))
    return len(np.unique(shard * len(job.header.backgrounds) + bg))


def _nbytes(*parts: object) -> int:
    return sum(
        len(part) if isinstance(part, bytes) else part.nbytes
        for part in parts
        if isinstance(part, bytes | np.ndarray)
    )


def counts(job: DrawingJob) -> str:
    """How many samples of how many sources, per split."""
    split = job.plan.column("split")
    words = job.plan.words("split")
    parts = [f"{word} {np.count_nonzero(split == code):,}" for code, word in enumerate(words)]
    return (
        f"{len(job.plan):,} samples of {len(job.header.backgrounds):,} backgrounds and "
        f"{len(job.header.foregrounds):,} foregrounds: {', '.join(parts)}"
    )
