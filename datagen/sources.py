"""Source pictures as pixels: upright, eight bits, alpha premultiplied. BGR, OpenCV's order."""

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.bands import bands
from data_manifest.errors import SourceError
from data_manifest.pictures import Decoded, decode, decode_upright
from data_manifest.record import Picture
from datagen.planning.recipe import Fit

OPAQUE = 128
"""Alpha from which a cut-out's pixel is seen."""
_THUMBNAIL = 256
Box = tuple[int, int, int, int]


def read_background(content: bytes, side: int | None = None) -> Picture:
    """A background file's pixels, (H, W, 3) uint8 BGR. Raises SourceError.

    With ``side``, for a square of so many pixels, large JPEG files may come at a reduced scale.
    """
    return _bgr(decode(content, "RGB", side).pixels)


def measure_background(content: bytes) -> Decoded:
    """A background file's true size, with pixels in BGR that are good enough for a thumbnail."""
    pixels, size = decode(content, "RGB", _THUMBNAIL)
    return Decoded(_bgr(pixels), size)


def _bgr(rgb: Picture) -> Picture:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR).astype(np.uint8, copy=False)


def read_cutout(content: bytes) -> tuple[Picture, Box]:
    """A cut-out file trimmed to its alpha, (h, w, 4) uint8 BGR premultiplied by alpha, and alpha.

    The rest is as in ``trim_cutout``.
    """
    straight, box = trim_cutout(content)
    return premultiply(straight), box


def trim_cutout(content: bytes) -> tuple[Picture, Box]:
    """A cut-out file trimmed to its alpha, (h, w, 4) uint8 BGR and straight alpha.

    Also gives the trimmed box (left, top, width, height) in the upright picture. Raises SourceError
    where the picture can't be read, has no alpha, or its alpha cuts nothing out.
    """
    rgba = decode_upright(content, "RGBA")
    alpha = rgba[..., 3]
    if alpha.min() == 255:
        raise SourceError("its alpha is opaque everywhere, so nothing is cut out")
    if alpha.max() < OPAQUE:
        raise SourceError("its alpha is transparent (nearly) everywhere, so nothing would be seen")
    left, top, width, height = cv2.boundingRect(alpha)
    box = (left, top, width, height)
    trimmed = rgba[top : top + height, left : left + width]
    return cv2.cvtColor(trimmed, cv2.COLOR_RGBA2BGRA).astype(np.uint8, copy=False), box


def premultiply(straight: npt.NDArray[np.generic]) -> Picture:
    """(h, w, 4) uint8 with straight alpha to premultiplied, rounded to the nearest level.

    Premultiplied colour may be resampled and added without fringes (Porter and Duff 1984).
    """
    result = np.empty(straight.shape, np.uint8)
    for rows in bands(*straight.shape[:2]):
        part = straight[rows]
        product = part[..., :3].astype(np.uint16) * part[..., 3:].astype(np.uint16)
        result[rows] = np.dstack([(product + 127) // 255, part[..., 3]])
    return result


def fit_square(picture: Picture, size: int, fit: Fit) -> Picture:
    """A picture as a square of ``size`` pixels.

    ``crop`` keeps the largest centred square, ``squash`` changes the aspect, ``pad`` keeps all of
    it and mirrors its edges into the rest.
    """
    height, width = picture.shape[:2]
    if fit == "crop":
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        return _resized(picture[top : top + side, left : left + side], size, size)
    if fit == "squash":
        return _resized(picture, size, size)
    factor = size / max(height, width)
    small = _resized(picture, max(1, round(width * factor)), max(1, round(height * factor)))
    below, right = size - small.shape[0], size - small.shape[1]
    edges = (below // 2, below - below // 2, right // 2, right - right // 2)
    return cv2.copyMakeBorder(small, *edges, cv2.BORDER_REFLECT).astype(np.uint8, copy=False)


def shrink(picture: Picture, longest: int) -> Picture:
    """The picture in proportion with its longer side ``longest``, or itself where that is less."""
    height, width = picture.shape[:2]
    factor = longest / max(height, width)
    if factor >= 1:
        return picture
    return _resized(picture, max(1, round(width * factor)), max(1, round(height * factor)))


def _resized(picture: Picture, width: int, height: int) -> Picture:
    """Areas are averaged along an axis that shrinks, cubic curves laid along one that grows."""
    old_height, old_width = picture.shape[:2]
    steps = [(width, height)]
    if (width < old_width) != (height < old_height):
        steps.insert(0, (width, old_height))
    for size in steps:
        shrinks = size[0] < picture.shape[1] or size[1] < picture.shape[0]
        how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        picture = cv2.resize(picture, size, interpolation=how).astype(np.uint8, copy=False)
    return picture
