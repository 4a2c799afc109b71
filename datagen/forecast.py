"""``--dry-run``: what a job would make and take, from a few samples drawn and forgotten."""

import time

import numpy as np

from data_manifest.record import EncodedSample
from datagen.draw import draw_samples, one_opencv_thread
from datagen.job import Job

DRAWN = 64


def forecast(job: Job) -> str:
    """Draw a few samples without keeping them; says what the whole run would make and take."""
    chosen = np.linspace(0, len(job.plan) - 1, min(len(job.plan), DRAWN)).astype(int)
    task = job.origin.task(job.config.out, [job.plan[int(row)] for row in chosen])
    with one_opencv_thread():
        for _ in draw_samples(task):
            pass  # sources are now decoded, as they soon are in a long run
        start = time.perf_counter()
        size = sum(_nbytes(sample) for sample, _ in draw_samples(task))
        seconds = time.perf_counter() - start
    each, header = size / len(chosen), job.header
    total = seconds / len(chosen) * len(job.plan) / min(job.config.workers, header.shards)
    return (
        f"{counts(job)}\n"
        f"about {each * len(job.plan) / 1e6:,.0f} MB in {header.shards:,} shards "
        f"({each / 1e3:.1f} kB a sample), about {total:,.0f} s with {job.config.workers} workers\n"
        f"nothing was written; leave out --dry-run to make it"
    )


def _nbytes(sample: EncodedSample) -> int:
    return sum(
        len(part) if isinstance(part, bytes) else part.nbytes
        for part in (sample.fg_bg, sample.mask)
    )


def counts(job: Job) -> str:
    """How many samples of how many sources, per split."""
    split = job.plan.column("split")
    words = job.plan.words("split")
    parts = [f"{word} {np.count_nonzero(split == code):,}" for code, word in enumerate(words)]
    return (
        f"{len(job.plan):,} samples of {len(job.header.backgrounds):,} backgrounds and "
        f"{len(job.header.foregrounds):,} foregrounds: {', '.join(parts)}"
    )
