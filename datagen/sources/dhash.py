"""Near-duplicates: pictures that a person would call the same, whatever their size or quality.

The difference hash compares neighbouring grey levels of the picture shrunk to 9 x 8 (dHash,
Krawetz 2013), as one of the prior systems did to clean its crawled pictures.
"""

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.pictures.bands import bands
from data_manifest.record import Picture

_SIDE = 8


def dhash(picture: Picture) -> str:
    """The hash of (h, w, 3) BGR or (h, w, 4) premultiplied BGR and alpha, as 16 hex digits.

    A cut-out is hashed before mid-grey.
    """
    height, width = picture.shape[:2]
    grey = np.empty((height, width), np.uint8)
    for rows in bands(height, width):
        grey[rows] = _grey(picture[rows])
    small = cv2.resize(grey, (_SIDE + 1, _SIDE), interpolation=cv2.INTER_AREA)
    return np.packbits(small[:, 1:] > small[:, :-1]).tobytes().hex()


def _grey(picture: Picture) -> npt.NDArray[np.generic]:
    if picture.shape[2] == 4:
        clear = (255 - picture[..., 3:].astype(np.uint16)) // 2
        picture = np.minimum(picture[..., :3] + clear, 255).astype(np.uint8)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
