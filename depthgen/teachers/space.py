"""The space in which a teacher answers, and how one answer is compared with another in it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from data_manifest.record import Depth

Values = npt.NDArray[np.floating]
_LEAST = 1e-6
_SPREAD = (5.0, 95.0)
_LEAST_PIXELS = 32
_RANKED = 1000


def middle(values: Values) -> float:
    """The median of ``values``, (n,); of more than two thousand, of some that are spread evenly."""
    return float(np.median(_some(values)))


def _some(values: Values) -> Values:
    return values[:: max(len(values) // _RANKED, 1)]


class Space(NamedTuple):
    """What numbers of a teacher mean where they are compared.

    ``metric`` values are told apart by their ratio, others by their difference; ``near_is_small``
    says which end is near.
    """

    metric: bool
    near_is_small: bool

    def nearest(self, values: Values, percent: float) -> float:
        """The value that ``percent`` of ``values``, (n,), are nearer than; as in ``middle``."""
        share = percent if self.near_is_small else 100 - percent
        return float(np.percentile(_some(values), share))

    def nearer_of(self, one: Values, other: Values) -> Values:
        """Of each pair of values the nearer one."""
        return np.minimum(one, other) if self.near_is_small else np.maximum(one, other)

    def is_nearer(self, one: float, other: float) -> bool:
        """Whether ``one`` is nearer than ``other``."""
        return one < other if self.near_is_small else one > other

    def unit_of(self, ground: Depth) -> float:
        """What one is in a relative space: the range of the middle nine tenths of ``ground``."""
        if self.metric:
            return 1.0
        low, high = np.percentile(ground, _SPREAD)
        return max(float(high - low), _LEAST)

    def difference(self, one: Values, other: Values, unit: float) -> Values:
        """How far ``one`` lies behind ``other``: as a share of ``other`` where metric, else in
        ``unit``."""
        if self.metric:
            return one / np.maximum(other, _LEAST) - 1
        behind = (one - other) / unit
        return behind if self.near_is_small else -behind

    def alignment(self, answer: Values, ground: Values) -> tuple[float, float]:
        """Scale and shift that bring ``answer`` to ``ground``, (n,) each, of the same pixels.

        The median ratio where metric; else least squares, or the shift alone where that would turn
        near and far around. One and zero where there are too few pixels to tell.
        """
        if len(answer) < _LEAST_PIXELS:
            return 1.0, 0.0
        if self.metric:
            return max(middle(ground / np.maximum(answer, _LEAST)), _LEAST), 0.0
        (variance, both), _ = np.cov(answer, ground)
        scale = float(both / max(float(variance), _LEAST**2))
        scale = scale if scale > 0 else 1.0
        return scale, float(np.mean(ground) - scale * np.mean(answer))
