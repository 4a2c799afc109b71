"""Spearman's rank correlation, for everything that compares two orders of pixels."""

import numpy as np
import numpy.typing as npt

from data_manifest.picks import spread

MOST_RANKED = 100_000
"""Values of which ranks are taken at most, spread evenly."""
Floats = npt.NDArray[np.float64]


def rank_correlation(
    first: npt.NDArray[np.floating], second: npt.NDArray[np.floating], most: int = MOST_RANKED
) -> float | None:
    """Spearman's correlation of (n,) values, -1 to 1, over at most ``most`` of them.

    Equal values share the mean of their ranks. None where one side is constant, or nothing there.
    """
    picks = spread(len(first), most)
    if not len(picks):
        return None
    a, b = (_ranks(values[picks]) for values in (first, second))
    power = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / power if power else None


def _ranks(values: npt.NDArray[np.floating]) -> Floats:
    """Ranks less their mean."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(count) - (count - 1) / 2
    centred = ranks[place] - (len(values) + 1) / 2
    return np.asarray(centred, np.float64)
