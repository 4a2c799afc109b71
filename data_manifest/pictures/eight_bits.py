"""Levels of any depth as eight bits: 0 stays 0, white becomes 255."""

from typing import Any

import numpy as np
import numpy.typing as npt

from data_manifest.errors import SourceError
from data_manifest.pictures.bands import bands
from data_manifest.record import Picture

WHITE = 2**16 - 1


def eight_bits(values: npt.NDArray[Any]) -> Picture:
    """(H, W) or (H, W, C) levels as uint8, rounded.

    Integers are divided by 257, as 16 bits are the most that pictures have; floating-point numbers
    are taken to be from 0 to 1. Raises SourceError where any is less or more than that.
    """
    levels = np.empty(values.shape, np.uint8)
    for rows in bands(*values.shape[:2]):
        levels[rows] = _reduced(values[rows])
    return levels


def _reduced(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    is_float = values.dtype.kind == "f"
    most = 1 if is_float else WHITE
    if not ((values >= 0) & (values <= most)).all():
        raise SourceError(f"its {values.dtype.name} levels are not all from 0 to {most}")
    return np.rint(values * 255) if is_float else (values.astype(np.uint32) + 128) // 257
