"""The one way in which pictures and maps are brought to another size."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.record import Size


def resize(picture: npt.NDArray[Any], size: Size) -> npt.NDArray[Any]:
    """(H, W) or (H, W, 3) at another size; areas are averaged when it shrinks."""
    if Size.of(picture) == size:
        return picture
    how = cv2.INTER_AREA if picture.shape[0] > size.height else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=how))
