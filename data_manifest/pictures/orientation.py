"""Which way is up: the EXIF tag of pictures that were taken with the camera held otherwise."""

import numpy as np
from PIL import ExifTags, Image

from data_manifest.record import Picture

SIDEWAYS = 5
"""Tags from here on turn width into height."""


def orientation(image: Image.Image) -> int:
    """The tag's value, 1 to 8; 1, upright, where there is none or it can't be read."""
    try:
        found = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # damaged EXIF makes Pillow raise nearly anything; the pixels may be whole
        return 1
    return found if found in range(1, 9) else 1


def upright(picture: Picture, tag: int) -> Picture:
    """(H, W, C) as stored to the picture as it is meant, C-contiguous."""
    if tag >= SIDEWAYS:
        picture = picture.transpose(1, 0, 2)
    if tag in (3, 4, 7, 8):
        picture = picture[::-1]
    if tag in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)
