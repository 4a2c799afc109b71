"""Whether an uncertainty tells where the errors are.

As in mono-uncertainty (Poggi et al. 2020, ``compute_aucs``): units are removed from the most
uncertain on, and the error of the rest is compared with removing the worst on, and with chance.
"""

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from data_manifest.errors import UsageError
from data_manifest.record import Depth, Mask
from depthgen.judging.boundaries import Floats
from depthgen.judging.metrics import CLOSE

STEPS = 20
ErrorName = Literal["absrel", "rmse", "delta1"]
Gathering = Literal["mean", "root_mean_square", "share_far"]
GATHERING: dict[ErrorName, Gathering] = {
    "absrel": "mean",
    "rmse": "root_mean_square",
    "delta1": "share_far",
}
"""How the errors of single pixels become one."""


class Sparsification(NamedTuple):
    """Areas and the curves between which they lie.

    ``ause``: area under the sparsification error, curve less oracle, 0 where the uncertainty orders
    as the error does. ``aurg``: area under the random gain, above 0 where it does better than
    chance. ``curve`` and ``oracle`` are (steps + 1,): the error when that share is removed, which
    is 0 when all are; ``chance`` is the error of all.
    """

    ause: float
    aurg: float
    curve: Floats
    oracle: Floats
    chance: float


def pixel_errors(depth_m: Depth, true_m: Depth, valid: Mask, name: ErrorName) -> Floats:
    """(n,) errors of the valid pixels, larger is worse, to be gathered by GATHERING.

    ``absrel`` is relative, ``rmse`` in metres, ``delta1`` the factor between true and predicted.
    """
    predicted, true = (depth[valid].astype(np.float64) for depth in (depth_m, true_m))
    match name:
        case "absrel":
            return np.asarray(np.abs(predicted - true) / true)
        case "rmse":
            return np.abs(predicted - true)
        case "delta1":
            return np.maximum(predicted / true, true / predicted)


def sparsify(
    errors: npt.NDArray[np.floating],
    uncertainty: npt.NDArray[np.floating],
    gathering: Gathering = "mean",
    steps: int = STEPS,
) -> Sparsification | None:
    """The areas of units, pixels or whole samples, by their errors and uncertainties, (n,) each.

    Of samples, ``errors`` are their own metrics, and ``mean`` gathers their AbsRel or 1 - delta1,
    ``root_mean_square`` their RMSE; a quality, of which more is better, is an uncertainty when
    negated. Units of equal uncertainty go together. None of no units. Raises UsageError where
    numbers aren't finite, or not as many.
    """
    error, doubt = (np.asarray(values, np.float64).ravel() for values in (errors, uncertainty))
    if len(error) != len(doubt):
        raise UsageError(f"There are {len(error):,} errors, but {len(doubt):,} uncertainties.")
    if not (np.isfinite(error).all() and np.isfinite(doubt).all()):
        raise UsageError("Errors and uncertainties must be numbers; some are infinite or NaN.")
    if not len(error):
        return None
    curve, oracle = (_curve(error, order, gathering, steps) for order in (doubt, error))
    chance = _gather(error, gathering)
    area = _area(curve)
    return Sparsification(area - _area(oracle), chance - area, curve, oracle, chance)


def _curve(error: Floats, order: Floats, gathering: Gathering, steps: int) -> Floats:
    """The error of what is left, when more and more of the highest in ``order`` are removed."""
    sureness = -order
    limits = np.percentile(sureness, 100 / steps * np.arange(steps))
    return np.array([*(_gather(error[sureness >= limit], gathering) for limit in limits), 0.0])


def _gather(error: Floats, gathering: Gathering) -> float:
    match gathering:
        case "mean":
            return float(error.mean())
        case "root_mean_square":
            return float(np.sqrt((error**2).mean()))
        case "share_far":
            return float((error >= CLOSE).mean())


def _area(curve: Floats) -> float:
    """The area under a curve over 0 to 1, by trapezoids."""
    return float((curve[1:] + curve[:-1]).sum() / 2 / (len(curve) - 1))
