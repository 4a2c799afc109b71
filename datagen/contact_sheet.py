"""A contact sheet: samples of every split as one picture."""

from collections.abc import Sequence

import numpy as np

from data_manifest.dataset import Dataset
from data_manifest.record import SPLITS, Depth, Picture, Sample
from data_manifest.sheet import Strip, depth_limits, depth_tile, mask_tile, sheet
from datagen.planning.random_draws import rank


def contact_sheet(dataset: Dataset, samples: Sequence[Sample], columns: int) -> Picture:
    """bg, fg_bg, mask and, where a teacher has run, depth of every sample, (h, w, 3) uint8 RGB."""
    depths = [sample.depth for sample in samples if sample.depth is not None]
    titles, limits = ["bg", "fg_bg", "mask"], (0.0, 1.0)
    if depths:
        limits = depth_limits(depths)
        unit = {"metres": " m", "none": ""}[dataset.depth_encoding.unit]
        titles.append(f"depth {limits[0]:.2g} to {limits[1]:.2g}{unit}")
    strips = [Strip(_tiles(dataset, sample, limits), _caption(sample)) for sample in samples]
    return sheet(titles, strips, columns)


def spread(dataset: Dataset, count: int) -> list[int]:
    """Samples drawn at random but always the same, an equal share of every split that has any."""
    splits = [np.flatnonzero(dataset.plan.is_word("split", split)) for split in SPLITS]
    splits = [rows for rows in splits if len(rows)]
    chosen: list[int] = []
    for number, rows in enumerate(splits):
        share = count * (number + 1) // len(splits) - count * number // len(splits)
        candidates = rows[np.linspace(0, len(rows) - 1, min(len(rows), 50 * share + 1)).astype(int)]
        ranked = sorted(candidates, key=lambda row: rank(0, "preview", str(row)))
        chosen += sorted(int(row) for row in ranked[:share])
    return chosen


def _tiles(dataset: Dataset, sample: Sample, limits: tuple[float, float]) -> list[Picture]:
    tiles = [sample.bg, sample.fg_bg, mask_tile(sample.mask)]
    depth: Depth | None = sample.depth
    if depth is not None:
        tiles.append(depth_tile(depth, limits, dataset.depth_encoding.near_is))
    return tiles


def _caption(sample: Sample) -> str:
    record = sample.record
    return f"{record.split}   {record.key}   {record.bg} + {record.fg}"
