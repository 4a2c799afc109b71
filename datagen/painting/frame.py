"""Parts of pictures: what of a box lies within the frame, and room around a picture."""

import cv2
import numpy as np

from data_manifest.record import Picture


def overlap(start: int, extent: int, side: int) -> tuple[slice, slice]:
    """Which of ``extent`` pixels from ``start`` lie within the frame: there, and in themselves."""
    low, high = max(start, 0), max(min(start + extent, side), 0)
    return slice(low, max(high, low)), slice(low - start, max(high, low) - start)


def padded(picture: Picture, margin: int, border: int) -> Picture:
    """A picture with ``margin`` more pixels on each side; ``border`` is OpenCV's kind of them."""
    wide = cv2.copyMakeBorder(picture, margin, margin, margin, margin, border)
    return wide.astype(np.uint8, copy=False)
