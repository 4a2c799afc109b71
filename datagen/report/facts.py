"""All numbers of a report, gathered once before a word of it is written."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data_manifest.commands.progress import progress
from data_manifest.dataset import STATS_FILE, Dataset
from data_manifest.quality import Measures, has_quality, read_quality
from data_manifest.record import Size
from datagen.planning.placement_table import PlacementTable, all_placements
from datagen.planning.random_draws import scattered
from datagen.report.findings import Finding, doubtful, extremes, suspicions
from datagen.report.measure import Measured, measure
from datagen.report.usage import Usage, background_usage, foreground_usage
from datagen.sources.rejects import REJECTS_FILE


class Facts(NamedTuple):
    """What a report tells.

    ``quality`` has the measures of all samples by name, none where a dataset has none;
    ``doubtful`` are the samples at their ends. ``stats`` is the content of stats.json, None where
    there is none of this dataset. ``rejects`` are what kind was left out, which file, and why.
    """

    dataset: Dataset
    placed: PlacementTable
    backgrounds: Usage
    foregrounds: Usage
    measured: Measured
    suspicious: list[Finding]
    extremes: list[Finding]
    doubtful: list[Finding]
    quality: Measures
    stats: dict[str, Any] | None
    rejects: list[tuple[str, str, str]]

    @property
    def size(self) -> Size:
        """Size of the pictures in pixels."""
        return self.dataset.header.size

    def sampled(self) -> str:
        """On which samples pixels were measured, in words."""
        count, whole = len(self.measured.rows), len(self.dataset)
        if count == whole:
            return f"all {whole:,} samples"
        return f"{count:,} of {whole:,} samples, spread evenly"


def gather(dataset: Dataset, most_sampled: int, *, quiet: bool) -> Facts:
    """Read and measure a whole dataset, the pixels of at most ``most_sampled`` samples."""
    header = dataset.header
    quality = _quality(dataset)
    placed = all_placements(dataset.plan, [source.id for source in header.foregrounds])
    rows = scattered(len(dataset), most_sampled, "report")
    with progress("Measuring", len(rows), "samples", quiet=quiet) as advance:
        measured = measure(dataset, rows, advance)
    return Facts(
        dataset=dataset,
        placed=placed,
        backgrounds=background_usage(dataset.plan, header.backgrounds),
        foregrounds=foreground_usage(dataset.plan, header.foregrounds, placed),
        measured=measured,
        suspicious=suspicions(measured, placed, header.size),
        extremes=extremes(measured),
        doubtful=doubtful(quality),
        quality=quality,
        stats=_stats(dataset),
        rejects=_rejects(dataset.folder / REJECTS_FILE),
    )


def _quality(dataset: Dataset) -> Measures:
    """The measures that were taken, by name."""
    stage = dataset.header.stages.depth
    if stage is None or not has_quality(dataset.folder, stage):
        return {}
    measures = read_quality(dataset.folder, stage)
    return {name: values for name, values in measures.items() if not np.isnan(values).all()}


def _stats(dataset: Dataset) -> dict[str, Any] | None:
    path = dataset.folder / STATS_FILE
    if not path.exists():
        return None
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        return table if table["all"]["samples"] == len(dataset) else None
    except (ValueError, KeyError, TypeError):
        return None


def _rejects(path: Path) -> list[tuple[str, str, str]]:
    """The lines of rejects.jsonl; one that can't be read is given as it stands."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            reject = json.loads(line)
            found.append((str(reject["kind"]), str(reject["file"]), str(reject["reason"])))
        except (ValueError, KeyError, TypeError):
            found.append(("", "", line))
    return found
