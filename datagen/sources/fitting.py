"""Pictures brought to a size: a frame's, or one in proportion."""

import cv2
import numpy as np

from data_manifest.record import Picture, Size
from datagen.planning.recipe import Fit

EDGE = "edge"


def fit_frame(picture: Picture, frame: Size, fit: Fit, pad: str = EDGE) -> Picture:
    """A picture, (H, W, C) uint8 with blue first, in the shape of a frame.

    ``crop`` keeps the largest centred part of the frame's shape, ``squash`` changes the aspect,
    ``pad`` keeps all of it and fills the rest with ``pad``: its outermost pixels (``edge``), or a
    colour such as ``#808080``, opaque where there is alpha.
    """
    height, width = picture.shape[:2]
    match fit:
        case "crop":
            factor = min(width / frame.width, height / frame.height)
            wide = min(width, max(1, round(frame.width * factor)))
            high = min(height, max(1, round(frame.height * factor)))
            top, left = (height - high) // 2, (width - wide) // 2
            return resized(picture[top : top + high, left : left + wide], frame)
        case "squash":
            return resized(picture, frame)
    factor = min(frame.width / width, frame.height / height)
    small = resized(picture, Size(max(1, round(width * factor)), max(1, round(height * factor))))
    return _padded(small, frame, pad)


def _padded(picture: Picture, frame: Size, pad: str) -> Picture:
    below, right = frame.height - picture.shape[0], frame.width - picture.shape[1]
    edges = (below // 2, below - below // 2, right // 2, right - right // 2)
    if pad == EDGE:
        whole = cv2.copyMakeBorder(picture, *edges, cv2.BORDER_REPLICATE)
    else:
        red, green, blue = bytes.fromhex(pad.removeprefix("#"))
        colour = (blue, green, red, 255)[: picture.shape[2]]
        whole = cv2.copyMakeBorder(picture, *edges, cv2.BORDER_CONSTANT, value=colour)
    return whole.astype(np.uint8, copy=False)


def shrink(picture: Picture, longest: int) -> Picture:
    """The picture in proportion with its longer side ``longest``, or itself where that is less."""
    height, width = picture.shape[:2]
    factor = longest / max(height, width)
    if factor >= 1:
        return picture
    return resized(picture, Size(max(1, round(width * factor)), max(1, round(height * factor))))


def resized(picture: Picture, size: Size) -> Picture:
    """Areas are averaged along an axis that shrinks, cubic curves laid along one that grows."""
    old = Size.of(picture)
    steps = [size]
    if (size.width < old.width) != (size.height < old.height):
        steps.insert(0, Size(size.width, old.height))
    for step in steps:
        shrinks = step.width < picture.shape[1] or step.height < picture.shape[0]
        how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        picture = cv2.resize(picture, step, interpolation=how).astype(np.uint8, copy=False)
    return picture
