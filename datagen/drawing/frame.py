"""Parts of pictures: what of a box lies within the frame, and room around a picture."""

from collections.abc import Sequence

import cv2
import numpy as np

from data_manifest.record import Picture

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels; right and bottom are outside."""
Area = tuple[slice, slice]
"""Rows and columns of a picture."""


def overlap(start: int, extent: int, side: int) -> tuple[slice, slice]:
    """Which of ``extent`` pixels from ``start`` lie within the frame: there, and in themselves."""
    low, high = max(start, 0), max(min(start + extent, side), 0)
    return slice(low, max(high, low)), slice(low - start, max(high, low) - start)


def whole(picture: Picture) -> Area:
    """All of a picture."""
    return slice(0, picture.shape[0]), slice(0, picture.shape[1])


def around(boxes: Sequence[Box]) -> Box:
    """The smallest box that holds all boxes, of which there must be one."""
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def padded(picture: Picture, margin: int, border: int) -> Picture:
    """A picture with ``margin`` more pixels on each side; ``border`` is OpenCV's kind of them."""
    wide = cv2.copyMakeBorder(picture, margin, margin, margin, margin, border)
    return wide.astype(np.uint8, copy=False)
