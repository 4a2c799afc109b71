"""The one way in which pictures and maps are brought to another size."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.record import Size


def resize(picture: npt.NDArray[Any], size: Size) -> npt.NDArray[Any]:
    """(H, W) or (H, W, 3) at another size; areas are averaged where it shrinks either way."""
    if Size.of(picture) == size:
        return picture
    shrinks = picture.shape[0] > size.height or picture.shape[1] > size.width
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=how))
