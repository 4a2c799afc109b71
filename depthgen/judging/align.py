"""Predictions brought to metres by what they leave open, fitted to the measured depth itself.

What ``kind`` means is in ``data_manifest.depth_stage.DepthEncoding``. A prediction is known
``up_to`` nothing (metric), to a scale, or to a scale and a shift in its own space, depth or
disparity; with a shift it can't be inverted, so it has no entry under an alignment in the other
space.
"""

from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from data_manifest.errors import UsageError
from data_manifest.record import Depth, Mask, Size
from depthgen.teachers.card import Kind

Alignment = Literal["none", "median", "scale", "affine", "affine_disparity"]
ALIGNMENTS: tuple[Alignment, ...] = get_args(Alignment)
UpTo = Literal["nothing", "scale", "affine"]
UP_TO: dict[Kind, UpTo] = {"metric": "nothing", "relative": "affine", "relative_inverse": "affine"}
"""What a prediction of a kind is known up to, unless more is known of its teacher."""
MARIGOLD_FLOOR = 1e-3
"""Disparity in 1/m from which Marigold (Ke et al. 2024, ``script/depth/eval.py``) inverts."""
Floats = npt.NDArray[np.float64]


class Aligned(NamedTuple):
    """A prediction in metres, and how it came to be.

    ``depth_m`` is (H, W) float32 and not cut off: it may be negative, infinite or NaN. It is
    prediction * ``scale`` + ``shift``, in depth or, where ``disparity_floor`` isn't None, in
    disparity, raised to that floor (1/m) before it is inverted.
    """

    depth_m: Depth
    scale: float
    shift: float
    disparity_floor: float | None = None


def has_entry(kind: Kind, alignment: Alignment, up_to: UpTo | None = None) -> bool:
    """Whether a prediction can be judged under an alignment; where not, a table shows a dash."""
    if alignment not in ALIGNMENTS:
        raise UsageError(
            f"There is no alignment {alignment!r}; choose from {', '.join(ALIGNMENTS)}."
        )
    if kind not in UP_TO:
        raise UsageError(f"There is no kind of depth {kind!r}; choose from {', '.join(UP_TO)}.")
    open_ = up_to or UP_TO[kind]
    if alignment == "none":
        return kind == "metric" and open_ == "nothing"
    if open_ != "affine":
        return True
    return alignment == ("affine_disparity" if kind == "relative_inverse" else "affine")


def align(
    prediction: Depth,
    true_m: Depth,
    valid: Mask,
    kind: Kind,
    alignment: Alignment,
    *,
    up_to: UpTo | None = None,
    disparity_floor: float | None = None,
) -> Aligned | None:
    """A prediction, (H, W) float of a ``kind``, in metres, fitted over ``valid`` pixels only.

    - ``none``: as it is; metric predictions only.
    - ``median``: times the ratio of the medians (Zhou et al. 2017).
    - ``scale``: times the least-squares scale of residuals weighted by 1/true, so that they are
      relative: MoGe's weights (Wang et al. 2025), whose own fit is of absolute residuals.
    - ``affine``: least-squares scale and shift in depth (Ranftl et al. 2020; Marigold).
    - ``affine_disparity``: the same in disparity, raised to ``disparity_floor`` in 1/m, or to
      1 / farthest true depth as in MoGe where that is None; Marigold takes MARIGOLD_FLOOR.

    ``true_m`` is (H, W) float in metres and ``valid`` (H, W) bool. Pixels that aren't finite in the
    space of the fit, or 0 before they are inverted, are left out of it. None where there is no
    entry, see ``has_entry``, or nothing to fit to. Raises UsageError where sizes differ, or a floor
    isn't above 0.
    """
    _check(prediction, true_m, valid, disparity_floor)
    if not has_entry(kind, alignment, up_to):
        return None
    in_disparity = alignment == "affine_disparity"
    values = prediction.astype(np.float64)
    if in_disparity != (kind == "relative_inverse"):
        values = _inverted(values)
    fitted = valid & np.isfinite(values)
    if not fitted.any():
        return None
    truth = true_m[fitted].astype(np.float64)
    scale, shift = _fit(alignment, values[fitted], 1 / truth if in_disparity else truth)
    floor = (disparity_floor or 1 / float(true_m[valid].max())) if in_disparity else None
    return Aligned(_applied(values, scale, shift, floor), scale, shift, floor)


def _check(prediction: Depth, true_m: Depth, valid: Mask, floor: float | None) -> None:
    if not prediction.shape == true_m.shape == valid.shape:
        raise UsageError(
            f"The prediction is {Size.of(prediction)}, the measured depth {Size.of(true_m)} and "
            f"what is judged {Size.of(valid)}; resize the prediction to the measured depth."
        )
    if floor is not None and floor <= 0:
        raise UsageError(f"A disparity of {floor:g}/m can't be inverted; give one above 0.")


def _applied(values: Floats, scale: float, shift: float, floor: float | None) -> Depth:
    """(H, W) values of depth, or of disparity if there is a floor, as depth in metres."""
    with np.errstate(over="ignore", invalid="ignore"):  # infinite answers may stay so
        values = values * scale + shift
        depth = values if floor is None else 1 / np.maximum(values, floor)
        return depth.astype(np.float32)


def _inverted(values: Floats) -> Floats:
    """One over values, infinite where they aren't above 0; what is infinite becomes 0."""
    with np.errstate(divide="ignore", over="ignore"):
        return np.where(values <= 0, np.inf, 1 / values)


def _fit(alignment: Alignment, x: Floats, y: Floats) -> tuple[float, float]:
    """The scale and shift that bring x to y, (n,) each; a scale that nothing tells is 1."""
    match alignment:
        case "median":
            middle = float(np.median(x))
            return (float(np.median(y)) / middle if middle else 1.0), 0.0
        case "scale":
            relative = x / y
            power = float(relative @ relative)
            return (float(relative.sum()) / power if power else 1.0), 0.0
        case "affine" | "affine_disparity":
            return _fit_affine(x, y)
        case "none":
            return 1.0, 0.0


def _fit_affine(x: Floats, y: Floats) -> tuple[float, float]:
    """Least squares of scale * x + shift - y; of a constant x the scale is 0."""
    x_mean, y_mean = float(x.mean()), float(y.mean())
    centred = x - x_mean
    power = float(centred @ centred)
    scale = float(centred @ (y - y_mean)) / power if power else 0.0
    return scale, y_mean - scale * x_mean
