"""Where pictures and maps come to lie."""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Values = TypeVar("Values", bound=npt.NDArray[Any])


def copied(values: Values, out: Values | None = None) -> Values:
    """A copy, in ``out`` where that is given. Raises ValueError where it has another shape."""
    if out is None:
        return values.copy()
    if out.shape != values.shape:
        raise ValueError(f"an array of shape {values.shape}, not {out.shape}")
    np.copyto(out, values)
    return out
