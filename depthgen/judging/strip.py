"""Pictures, measured depth, predictions and errors side by side, for a person to judge."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from data_manifest.errors import UsageError
from data_manifest.pictures.sheet import Strip, depth_tile, sheet, tile, tile_size
from data_manifest.record import Depth, Mask, Picture

TITLES = ("picture", "measured", "predicted", "relative error")
UNKNOWN = 128
"""Grey of pixels whose depth isn't known, or isn't judged."""
WORST = 0.25
"""Relative error at the warm end of its colours."""


class ShownPicture(NamedTuple):
    """A picture to show: (H, W, 3) uint8 RGB, and maps of its size.

    ``true_m`` and ``depth_m`` are float in metres, measured and predicted, aligned; ``valid`` is
    bool, where they are compared.
    """

    name: str
    rgb: Picture
    true_m: Depth
    depth_m: Depth
    valid: Mask


def strips(shown: Sequence[ShownPicture]) -> Picture:
    """A page, (h, w, 3) uint8 RGB, a strip for every picture.

    Near is warm; measured and predicted depth have the same colours, said beneath them: from 1 % to
    99 % of measured depth. Pictures of several sizes keep their proportions. Raises UsageError
    where there is none.
    """
    if not shown:
        raise UsageError("There is no picture to show.")
    rows = []
    for one in shown:
        limits, size = _limits(one), tile_size(one.rgb)
        tiles = [np.asarray(tile(each, size)) for each in _tiles(one, limits)]
        caption = f"{one.name}: {limits[0]:.2f} to {limits[1]:.2f} m; error to {WORST:.0%}"
        rows.append(Strip(tiles, caption))
    return sheet(TITLES, rows)


def _limits(one: ShownPicture) -> tuple[float, float]:
    known = one.true_m[one.valid]
    if not known.size:
        return 0.0, 0.0
    low, high = np.percentile(known, [1, 99])
    return float(low), float(high)


def _tiles(one: ShownPicture, limits: tuple[float, float]) -> list[Picture]:
    finite = np.isfinite(one.depth_m)
    predicted = np.where(finite, one.depth_m, 0)
    true = np.where(one.valid, one.true_m, 1)
    both = one.valid & finite
    error = np.asarray(np.abs(predicted - true) / true, np.float32)
    return [
        one.rgb,
        _greyed(depth_tile(true, limits, "small"), one.valid),
        _greyed(depth_tile(predicted, limits, "small"), finite),
        _greyed(depth_tile(error, (0, WORST), "large"), both),
    ]


def _greyed(colour: Picture, known: Mask) -> Picture:
    return np.where(known[..., None], colour, np.uint8(UNKNOWN))
