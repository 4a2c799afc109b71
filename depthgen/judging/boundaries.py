"""How well the edges of a predicted depth lie on those of the measured one.

The scale-invariant boundary F1 of Depth Pro (Bochkovskii et al. 2024, ``boundary_metrics.py``),
over pairs of neighbours whose depths are both known, as in MoGe (Wang et al. 2025).
"""

from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from data_manifest.record import Depth, Mask

THRESHOLDS = np.linspace(1.05, 1.25, 10)
"""Ratios of neighbouring depths above which the farther one is hidden behind the nearer."""
LEAST_M = 1e-6
Floats = npt.NDArray[np.float64]
Array = TypeVar("Array", bound=npt.NDArray[Any])


def boundary_f1(depth_m: Depth, true_m: Depth, valid: Mask) -> float | None:
    """The F1 of occlusion boundaries, 0 to 1, averaged over THRESHOLDS, each weighing itself.

    ``depth_m`` and ``true_m`` are (H, W) float in metres, finite where ``valid``, (H, W) bool; only
    pairs of neighbours count that both are. Precision and recall are means over four directions.
    Directions, and thresholds, without a boundary in either are left out, where Depth Pro counts
    them 0, so that a right answer is 1. None where the measured depth has no boundary at all.
    """
    true = list(_ratios(true_m, valid))
    if not any((ratio > THRESHOLDS[0]).any() for ratio in true):
        return None
    predicted = list(_ratios(depth_m, valid))
    scores = [(_f1(predicted, true, float(each)), float(each)) for each in THRESHOLDS]
    known = [(score, weight) for score, weight in scores if score is not None]
    return sum(score * weight for score, weight in known) / sum(weight for _, weight in known)


def _ratios(depth_m: Depth, valid: Mask) -> Iterator[Floats]:
    """How many times as far as its neighbour a pixel lies, of valid pairs in four directions."""
    depth = np.where(valid, depth_m, 1).astype(np.float64).clip(LEAST_M)
    for axis in (0, 1):
        both = _side(valid, axis, 0) & _side(valid, axis, 1)
        first, second = _side(depth, axis, 0)[both], _side(depth, axis, 1)[both]
        yield second / first
        yield first / second


def _side(values: Array, axis: int, end: int) -> Array:
    """All rows, or columns, but the last one or the first one."""
    kept = slice(1, None) if end else slice(None, -1)
    return values[kept] if axis == 0 else values[:, kept]  # type: ignore[return-value]


def _f1(predicted: list[Floats], true: list[Floats], threshold: float) -> float | None:
    """The F1 at one threshold; None where neither has a boundary."""
    precisions, recalls = [], []
    for guess, truth in zip(predicted, true, strict=True):
        found, there = guess > threshold, truth > threshold
        if found.any() or there.any():
            both = np.count_nonzero(found & there)
            precisions.append(both / max(1, int(np.count_nonzero(found))))
            recalls.append(both / max(1, int(np.count_nonzero(there))))
    if not precisions:
        return None
    precision, recall = float(np.mean(precisions)), float(np.mean(recalls))
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
