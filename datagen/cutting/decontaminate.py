"""Soft edges without the colour of the old background."""

from collections.abc import Callable
from typing import Any

import numpy as np

from data_manifest.errors import UsageError
from data_manifest.record import Picture


def decontaminate(straight: Picture) -> Picture:
    """(h, w, 4) uint8 with straight alpha last, its colours replaced by the foreground's own.

    Where alpha is soft a photo shows a mix of object and background; the object's part of it is
    estimated (Germer, Uelwer, Conrad and Harmeling, "Fast Multi-Level Foreground Estimation",
    ICPR 2020). Opaque pixels and alpha stay as they are. Raises UsageError where pymatting isn't
    installed.
    """
    estimate = foreground_estimator()
    alpha = straight[..., 3:]
    if alpha.size == 1:  # there is nothing around it to estimate from
        return straight
    foreground = estimate(straight[..., :3] / 255.0, alpha[..., 0] / 255.0)
    colour = np.rint(np.clip(foreground, 0, 1) * 255).astype(np.uint8)
    return np.dstack([np.where(alpha == 255, straight[..., :3], colour), alpha])


def foreground_estimator() -> Callable[..., Any]:
    """pymatting's function. Its first import compiles it, which takes half a minute.

    Raises UsageError where pymatting isn't installed.
    """
    try:
        from pymatting import estimate_foreground_ml
    except ImportError:
        raise UsageError(
            "pymatting is missing, which --decontaminate needs; run: pip install 'diorama[matting]'"
        ) from None
    estimator: Callable[..., Any] = estimate_foreground_ml
    return estimator
