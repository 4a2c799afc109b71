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
from data_manifest.record import SPLITS, Picture, Sample
from datagen.planning.random_draws import scattered


def contact_sheet(dataset: Dataset, samples: Sequence[Sample], columns: int) -> Picture:
    """bg, fg_bg, mask and, where a teacher has run, depth of every sample, (h, w, 3) uint8 RGB.

    Depth has the colours of its own sample's range, which stands beneath: of a dataset's whole
    range, most pictures take a small part.
    """
    titles = ["bg", "fg_bg", "mask"]
    if any(sample.depth is not None for sample in samples):
        titles.append("depth, near is warm")
    return sheet(titles, [_strip(dataset, sample) for sample in samples], columns)


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


def _strip(dataset: Dataset, sample: Sample) -> Strip:
    size, record = tile_size(sample.fg_bg), sample.record
    tiles = [sample.bg, sample.fg_bg, mask_tile(sample.mask)]
    caption = f"{record.split}   {record.key}   {record.bg} + {record.fg}"
    if sample.depth is not None:
        limits, encoding = depth_limits([sample.depth]), dataset.depth_encoding
        tiles.append(depth_tile(sample.depth, limits, encoding.near_is))
        unit = encoding.suffix
        caption += f"   {limits[0]:.3g} to {limits[1]:.3g}{unit}"
    return Strip([tile(one, size) for one in tiles], caption)
