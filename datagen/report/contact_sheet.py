"""A contact sheet: samples of every split as one picture."""

from collections.abc import Sequence

import numpy as np

from data_manifest.dataset import Dataset
from data_manifest.errors import UsageError
from data_manifest.pictures.sheet import (
    Strip,
    depth_limits,
    depth_tile,
    mask_tile,
    sheet,
    tile,
    tile_size,
)
from data_manifest.record import SPLITS, Depth, Picture, Sample
from datagen.planning.random_draws import scattered


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


def shown_rows(dataset: Dataset, count: int, where: str | None = None) -> list[int]:
    """Samples drawn at random but always the same, an equal share of every split that has any.

    Only such as fulfil a condition; raises UsageError where none does.
    """
    rows = (dataset if where is None else dataset.where(where)).rows
    if not len(rows):
        raise UsageError(f"No sample of {dataset.folder} fulfils --where {where}.")
    splits = [rows[dataset.plan.is_word("split", split)[rows]] for split in SPLITS]
    splits = [rows for rows in splits if len(rows)]
    shares = np.diff(np.arange(len(splits) + 1) * count // len(splits))
    chosen = (
        rows[scattered(len(rows), int(share), "preview")]
        for rows, share in zip(splits, shares, strict=True)
    )
    return [int(row) for rows in chosen for row in rows]


def _tiles(dataset: Dataset, sample: Sample, limits: tuple[float, float]) -> list[Picture]:
    size = tile_size(sample.fg_bg)
    tiles = [sample.bg, sample.fg_bg, mask_tile(sample.mask)]
    depth: Depth | None = sample.depth
    if depth is not None:
        tiles.append(depth_tile(depth, limits, dataset.depth_encoding.near_is))
    return [tile(one, size) for one in tiles]


def _caption(sample: Sample) -> str:
    record = sample.record
    return f"{record.split}   {record.key}   {record.bg} + {record.fg}"
