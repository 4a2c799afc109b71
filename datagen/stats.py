"""``datagen stats``: exact mean and standard deviation of every stream, per split and whole.

Each worker counts grey levels of its shards as integers; counts add up in any order to the same
totals, so the result doesn't depend on workers or shards, and no mean of means is taken.
"""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.commands.parallel import each
from data_manifest.commands.progress import progress
from data_manifest.dataset import STATS_FILE, Dataset, open_dataset
from data_manifest.files.publish import publish_text
from data_manifest.plan import Plan
from data_manifest.record import SPLITS, Picture, Record
from data_manifest.shards import ShardReader, open_shard
from datagen.config import StatsConfig

CHANNELS = {"bg": ("red", "green", "blue"), "fg_bg": ("red", "green", "blue"), "mask": ("mask",)}
LEVELS = 256


class Moments(NamedTuple):
    """Exact number, sum and sum of squares of integers; adds up like the sets that it describes."""

    pixels: int = 0
    total: int = 0
    squares: int = 0

    def plus(self, other: "Moments") -> "Moments":
        """The moments of both sets together."""
        return Moments(*(mine + its for mine, its in zip(self, other, strict=True)))

    def mean_std(self, scale: float, offset: float) -> tuple[float, float]:
        """Mean and population standard deviation of ``value * scale + offset``."""
        variance = self.pixels * self.squares - self.total**2
        mean = self.total / self.pixels * scale + offset
        return mean, math.sqrt(variance) / self.pixels * abs(scale)


Key = tuple[str, str, str]  # split, stream, channel
Totals = dict[Key, Moments]


def stats(config: StatsConfig) -> str:
    """Measure a dataset, write its stats.json; gives the table.

    Pictures are fractions of 255, masks 0 or 1, depth in its unit; a background counts once for
    every sample that shows it. Raises DatasetError where the dataset isn't whole.
    """
    dataset = open_dataset(config.data)
    totals: Totals = {}
    tasks = (
        MeasureTask(
            dataset.folder / dataset.header.shard_name(shard),
            dataset.plan.take(dataset.plan.shard_rows(shard)),
            dataset.header.stages.depth is not None,
        )
        for shard in range(dataset.header.shards)
    )
    with progress("Measuring", len(dataset), "samples", quiet=config.quiet) as advance:
        for samples, of_shard in each(measure_shard, tasks, config.workers):
            merge(totals, of_shard)
            advance(samples)
    table = _table(dataset, totals)
    publish_text(config.data / STATS_FILE, json.dumps(table, indent=2) + "\n")
    return _text(table)


class MeasureTask(NamedTuple):
    """A shard to measure, and whether its depth counts."""

    path: Path
    plan: Plan
    depth: bool


def measure_shard(task: MeasureTask) -> tuple[int, Totals]:
    """The number of samples of one shard, and its moments per split, stream and channel."""
    shard, records = open_shard(task.path), task.plan.records()
    totals: Totals = {}
    try:
        for split in {record.split for record in records}:
            of_split = [record for record in records if record.split == split]
            merge(
                totals,
                {(split, *key): m for key, m in _measure(shard, of_split, task.depth).items()},
            )
    finally:
        shard.close()
    return len(records), totals


def merge(totals: Totals, others: Totals) -> None:
    """Add ``others`` to ``totals``."""
    for key, moments in others.items():
        totals[key] = totals.get(key, Moments()).plus(moments)


def _measure(
    shard: ShardReader, records: list[Record], with_depth: bool
) -> dict[tuple[str, str], Moments]:
    levels = {
        stream: np.zeros((len(names), LEVELS), np.int64) for stream, names in CHANNELS.items()
    }
    depth = Moments()
    uses: dict[str, list[Record]] = {}
    for record in records:
        uses.setdefault(record.bg, []).append(record)
        levels["fg_bg"] += _histograms(shard.picture("fg_bg", record))
        mask = shard.mask(record)
        levels["mask"][0, :2] += (mask.size - np.count_nonzero(mask), np.count_nonzero(mask))
        if with_depth:
            depth = depth.plus(_depth_moments(shard, record))
    for same in uses.values():
        levels["bg"] += len(same) * _histograms(shard.picture("bg", same[0]))
    measured = {
        (stream, channel): _of_levels(levels[stream][number])
        for stream, names in CHANNELS.items()
        for number, channel in enumerate(names)
    }
    return measured | ({("depth", "depth"): depth} if depth.pixels else {})


def _histograms(rgb: Picture) -> npt.NDArray[np.int64]:
    """How often each level occurs, (3, 256)."""
    counts = [cv2.calcHist([rgb], [channel], None, [LEVELS], [0, LEVELS]) for channel in range(3)]
    return np.stack(counts).reshape(3, LEVELS).astype(np.int64)


def _of_levels(counts: npt.NDArray[np.int64]) -> Moments:
    level = np.arange(LEVELS)
    return Moments(int(counts.sum()), int(counts @ level), int(counts @ level**2))


def _depth_moments(shard: ShardReader, record: Record) -> Moments:
    stored = shard.depth(record)
    if stored is None:
        return Moments()
    values = stored.astype(np.uint64)
    return Moments(values.size, int(values.sum()), int((values * values).sum()))


def _table(dataset: Dataset, totals: Totals) -> dict[str, dict[str, object]]:
    """Split, or ``all``, to its number of samples and its streams' means and deviations."""
    whole: Totals = {}
    for (_, stream, channel), moments in totals.items():
        merge(whole, {("all", stream, channel): moments})
    found = totals | whole
    counts = {split: int(dataset.plan.is_word("split", split).sum()) for split in SPLITS}
    table: dict[str, dict[str, object]] = {}
    for split in (*SPLITS, "all"):
        samples = len(dataset) if split == "all" else counts[split]
        if samples:
            table[split] = {"samples": samples, **_streams(dataset, found, split)}
    return table


def _streams(dataset: Dataset, totals: Totals, split: str) -> dict[str, object]:
    streams: dict[str, object] = {}
    for stream, channels in {**CHANNELS, "depth": ("depth",)}.items():
        if (split, stream, channels[0]) not in totals:
            continue
        scale, offset, unit = _scale(dataset, stream)
        pairs = [totals[split, stream, channel].mean_std(scale, offset) for channel in channels]
        streams[stream] = {
            "channels": channels,
            "unit": unit,
            "mean": [mean for mean, _ in pairs],
            "std": [std for _, std in pairs],
        }
    return streams


def _scale(dataset: Dataset, stream: str) -> tuple[float, float, str]:
    if stream == "depth":
        encoding = dataset.depth_encoding
        return encoding.scale, encoding.offset, encoding.unit
    return (1.0, 0.0, "share of pixels") if stream == "mask" else (1 / 255, 0.0, "fraction of 255")


def _text(table: dict[str, dict[str, object]]) -> str:
    lines = [f"{'split':8}{'samples':>10}  {'stream':8}{'mean':28}{'std':28}unit"]
    for split, row in table.items():
        for stream, part in row.items():
            if isinstance(part, dict):
                lines.append(
                    f"{split:8}{row['samples']:>10,}  {stream:8}{_numbers(part['mean']):28}"
                    f"{_numbers(part['std']):28}{part['unit']}"
                )
    return "\n".join(lines)


def _numbers(values: Iterable[float]) -> str:
    return " ".join(f"{value:.6f}" for value in values)
