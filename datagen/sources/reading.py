"""Source pictures as pixels: upright, eight bits, alpha premultiplied. BGR, OpenCV's order."""

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.errors import SourceError
from data_manifest.pictures.bands import bands
from data_manifest.pictures.decoding import Decoded, decode, decode_upright
from data_manifest.record import MASK_FROM, Picture

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
    if alpha.max() < MASK_FROM:
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
