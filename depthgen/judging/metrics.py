"""Numbers that say how far predicted depth is from measured depth.

AbsRel, RMSE, log10 and the shares within a factor are Eigen et al.'s (2014); see ZoeDepth,
``compute_errors``. Sums are kept in float64.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from data_manifest.record import Depth, Mask
from depthgen.judging.boundaries import boundary_f1
from depthgen.judging.crops import Cap
from depthgen.quality.correlation import rank_correlation

CLOSE = 1.25


class Metrics(NamedTuple):
    """Metrics by name; None where one has no meaning.

    - ``absrel``: mean of absolute error over true depth; ``rmse_m``: root mean square error in
      metres; ``log10``: mean absolute difference of the logarithms.
    - ``delta1``, ``delta2``, ``delta3``: share of pixels whose true and predicted depth are less
      than a factor of 1.25, its square and its cube apart.
    - ``rank``: Spearman's correlation, -1 to 1, of one picture; None where either is constant.
    - ``boundary_f1``: see ``boundaries``; None where no boundary is measured.
    """

    absrel: float | None
    rmse_m: float | None
    log10: float | None
    delta1: float | None
    delta2: float | None
    delta3: float | None
    rank: float | None = None
    boundary_f1: float | None = None


NAMES = Metrics._fields


class Sums(NamedTuple):
    """Sums over pixels, out of which the metrics of one or many pictures are made."""

    pixels: int
    relative: float
    squared: float
    log10: float
    within1: int
    within2: int
    within3: int


def clamp(depth_m: Depth, cap: Cap) -> Depth:
    """(H, W) float in metres, cut off at the cap; what is NaN becomes the low end (ZoeDepth)."""
    low, high = cap
    return np.nan_to_num(depth_m, nan=low, posinf=high, neginf=low).clip(low, high)


def sum_up(depth_m: Depth, true_m: Depth, valid: Mask) -> Sums:
    """The sums over ``valid``, (H, W) bool, of depth in metres, (H, W) float above 0 there."""
    predicted, true = (depth[valid].astype(np.float64) for depth in (depth_m, true_m))
    ratio = np.maximum(predicted / true, true / predicted)
    error = predicted - true
    return Sums(
        pixels=len(true),
        relative=float((np.abs(error) / true).sum()),
        squared=float((error**2).sum()),
        log10=float(np.abs(np.log10(predicted) - np.log10(true)).sum()),
        within1=int(np.count_nonzero(ratio < CLOSE)),
        within2=int(np.count_nonzero(ratio < CLOSE**2)),
        within3=int(np.count_nonzero(ratio < CLOSE**3)),
    )


def pooled(parts: Sequence[Sums]) -> Metrics | None:
    """The metrics of all pixels together; None where there are none.

    Rank and boundaries are of single pictures, and not pooled.
    """
    total = Sums(*map(sum, zip(*parts, strict=True))) if parts else None
    if total is None or not total.pixels:
        return None
    count = total.pixels
    return Metrics(
        absrel=total.relative / count,
        rmse_m=float(np.sqrt(total.squared / count)),
        log10=total.log10 / count,
        delta1=total.within1 / count,
        delta2=total.within2 / count,
        delta3=total.within3 / count,
    )


def measure(depth_m: Depth, true_m: Depth, valid: Mask) -> Metrics | None:
    """The metrics of one picture, already ``clamp``ed; None where no pixel is valid."""
    metrics = pooled([sum_up(depth_m, true_m, valid)])
    return metrics and metrics._replace(
        rank=rank_correlation(depth_m[valid], true_m[valid]),
        boundary_f1=boundary_f1(depth_m, true_m, valid),
    )


def mean(rows: Sequence[Metrics]) -> Metrics | None:
    """The mean of pictures' metrics, each over the pictures that have it; None of no pictures."""
    if not rows:
        return None
    columns = (
        [value for value in column if value is not None] for column in zip(*rows, strict=True)
    )
    return Metrics(*(float(np.mean(column)) if column else None for column in columns))
