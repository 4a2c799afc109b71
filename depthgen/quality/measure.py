"""The numbers of one sample, from what a teacher says of it and of its background."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from data_manifest.record import Depth, Mask
from depthgen.quality.correlation import rank_correlation
from depthgen.teachers.space import Space, middle

NAN = float("nan")
_EVERY = 4
"""Every so many pixels either way are compared; a hundred thousand say no more."""


class Evidence(NamedTuple):
    """What is known of one sample, (H, W) each, depth in the teacher's space.

    ``label`` is what is stored, before it is cut off; ``answer`` the teacher's answer to the
    composite, ``mirrored`` that to its mirror image, mirrored back; ``ground`` the depth of the
    background; ``other`` another teacher's answer, larger where its nearer is larger.
    """

    label: Depth
    mask: Mask
    limits: tuple[float, float]
    answer: Depth | None = None
    mirrored: Depth | None = None
    ground: Depth | None = None
    other: Depth | None = None


class Quality(NamedTuple):
    """Measures of one sample, NaN where they can't be told.

    ``low``, ``high``: the label's range. ``saturated``: share of pixels at or
    beyond the ends of what can be stored.
    ``shift``: how far the answer to the composite lies off the background's own depth where no
    foreground is, the median; ``flip``: how far it lies off that to its mirror image. ``pop``: how
    far the label stands out in front of what it hides. All three as shares of depth where metric,
    else of the background's range. ``disagreement``: one less the rank correlation with another
    teacher.
    """

    low: float
    high: float
    saturated: float
    shift: float = NAN
    flip: float = NAN
    pop: float = NAN
    disagreement: float = NAN


def measure(seen: Evidence, space: Space) -> Quality:
    """The measures of one sample."""
    low, high = float(seen.label.min()), float(seen.label.max())
    quality = Quality(low, high, _saturated(seen.label, low, high, seen.limits))
    mask, answer, ground = _thinned(seen.mask), _thinned(seen.answer), _thinned(seen.ground)
    unit = 1.0 if ground is None else space.unit_of(ground)
    if answer is not None and ground is not None and not mask.all():
        off = space.difference(answer[~mask], ground[~mask], unit)
        quality = quality._replace(shift=_middle(off))
    if answer is not None and seen.mirrored is not None:
        off = space.difference(_thinned(seen.mirrored), answer, space.unit_of(answer))
        quality = quality._replace(flip=_middle(off))
    if ground is not None and mask.any():
        behind = space.difference(_thinned(seen.label)[mask], ground[mask], unit)
        quality = quality._replace(pop=-middle(behind.ravel()))
    if answer is not None and seen.other is not None:
        ours = -answer if space.near_is_small else answer
        order = rank_correlation(ours.ravel(), _thinned(seen.other).ravel())
        quality = quality._replace(disagreement=1 - (order or 0.0))
    return quality


def _middle(differences: npt.NDArray[np.floating]) -> float:
    return middle(np.abs(differences).ravel())


def _saturated(label: Depth, low: float, high: float, limits: tuple[float, float]) -> float:
    """The share of pixels at or beyond ``limits``; most labels have none."""
    least, most = limits
    if least < low and high < most:
        return 0.0
    return int(np.count_nonzero((label <= least) | (label >= most))) / label.size


def _thinned(picture: Any) -> Any:
    return None if picture is None else picture[_EVERY // 2 :: _EVERY, _EVERY // 2 :: _EVERY]
