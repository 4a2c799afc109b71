"""Colour pictures of sixteen bits, and grey ones with alpha: Pillow keeps only the upper eight."""

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from data_manifest.errors import DatasetError
from data_manifest.pictures.eight_bits import WHITE, eight_bits
from data_manifest.pictures.limits import MOST_DEEP_PIXELS, check_size
from data_manifest.pictures.opencv import decode_any
from data_manifest.pictures.orientation import orientation, upright
from data_manifest.record import Picture

_LAYOUTS = ("LA", "RGB", "RGBA", "RGBX", "RGBa")
Deep = npt.NDArray[np.uint16]


def is_deep_colour(image: Image.Image) -> bool:
    """Whether a picture is one; it must be opened, but not loaded yet."""
    layout, _, bits = _raw_mode(image).partition(";")
    return layout in _LAYOUTS and bits.startswith("16")


def deep_colour(content: bytes, image: Image.Image, mode: str) -> Picture:
    """The upright pixels in ``mode`` RGB or RGBA, (H, W, 3 or 4) uint8, of an opened picture.

    They are read by OpenCV, after Pillow has found the file whole; Pillow's are given where OpenCV
    can't. Raises SourceError where the picture is too large.
    """
    check_size(*image.size, MOST_DEEP_PIXELS)
    layout = _raw_mode(image).partition(";")[0]
    image.load()
    tag = orientation(image)  # none of a TIFF file: both libraries turn those themselves
    try:
        values = decode_any(content, cv2.IMREAD_UNCHANGED)
    except DatasetError:
        values = np.empty(0, np.uint16)
    if values.dtype != np.uint16 or values.ndim != 3 or values.shape[1::-1] != image.size:
        return upright(np.asarray(image.convert(mode)), tag)
    alpha = _alpha(values, layout, image.info.get("transparency"))
    rgb = values[..., 2::-1]
    if layout == "RGBa":
        rgb = _straight(rgb, alpha)
    parts = (eight_bits(rgb), eight_bits(alpha)[..., None])
    return upright(np.concatenate(parts[: len(mode) - 2], axis=2), tag)


def _alpha(values: Deep, layout: str, key: tuple[int, int, int] | None) -> Deep:
    """(H, W) alpha of BGR or BGRA; of a PNG without one, the key colour is transparent."""
    if values.shape[2] == 4 and layout != "RGBX":
        return values[..., 3]
    clear = False if key is None else (values[..., 2::-1] == key).all(axis=2)
    return np.where(clear, 0, np.full(values.shape[:2], WHITE, np.uint16)).astype(np.uint16)


def _straight(rgb: Deep, alpha: Deep) -> Deep:
    """Colour that was multiplied by alpha, divided by it again."""
    ratio = rgb.astype(np.float32) * WHITE / np.maximum(alpha, 1)[..., None]
    return np.minimum(np.rint(ratio), WHITE).astype(np.uint16)


def _raw_mode(image: Image.Image) -> str:
    """How the file stores its pixels, in Pillow's words, such as ``RGB;16B``."""
    if not isinstance(image, ImageFile.ImageFile) or not image.tile:
        return ""
    found = image.tile[0][3]
    return str(found[0] if isinstance(found, tuple) and found else found)
