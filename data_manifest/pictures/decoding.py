"""A picture file's upright pixels, in eight bits, whatever its format."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from data_manifest.errors import SourceError
from data_manifest.pictures.bands import bands
from data_manifest.pictures.deep_colour import deep_colour, is_deep_colour
from data_manifest.pictures.deep_grey import deep_grey, is_deep_grey
from data_manifest.pictures.limits import LARGE_PIXELS
from data_manifest.pictures.odd_tiff import is_odd_tiff, read_odd_tiff
from data_manifest.pictures.orientation import SIDEWAYS, orientation, upright
from data_manifest.pictures.safe_open import NO_ALPHA, opened
from data_manifest.record import Picture


class Decoded(NamedTuple):
    """Upright pixels, (H, W, 3 or 4) uint8, and the width and height that the file has, upright.

    The two differ where a large picture was decoded at a reduced scale.
    """

    pixels: Picture
    size: tuple[int, int]


def decode_upright(content: bytes, mode: str) -> Picture:
    """The pixels that ``decode`` gives at full scale."""
    return decode(content, mode).pixels


def decode(content: bytes, mode: str, side: int | None = None) -> Decoded:
    """A picture file in Pillow mode RGB or RGBA.

    EXIF rotation is undone, deeper levels are reduced to eight bits, floating-point ones from 0 to
    1, and of an animation the first frame is taken. With ``side`` a JPEG of more than LARGE_PIXELS
    may come at a half, a quarter or an eighth of its scale, but not below twice ``side`` pixels
    either way. Raises SourceError where it can't be decoded, would take too much memory or, for
    RGBA, has no alpha.
    """
    if is_odd_tiff(content):
        return _of_size(read_odd_tiff(content, mode))
    with opened(content) as image:
        if mode == "RGBA" and not image.has_transparency_data:
            raise SourceError(NO_ALPHA)
        if is_deep_colour(image):
            return _of_size(deep_colour(content, image, mode))
        width, height = image.size
        if side is not None and width * height > LARGE_PIXELS:
            image.draft(None, (2 * side, 2 * side))
        reduced = image.size != (width, height)
        image.load()
        tag = orientation(image)
        pixels = upright(_converted(image, mode), tag)
    if not reduced:
        return _of_size(pixels)
    return Decoded(pixels, (height, width) if tag >= SIDEWAYS else (width, height))


def _of_size(pixels: Picture) -> Decoded:
    return Decoded(pixels, (pixels.shape[1], pixels.shape[0]))


def _converted(image: Image.Image, mode: str) -> Picture:
    pixels = np.empty((image.height, image.width, len(mode)), np.uint8)
    for rows in bands(image.height, image.width):
        band = image.crop((0, rows.start, image.width, rows.stop))
        pixels[rows] = (
            deep_grey(band, mode) if is_deep_grey(band) else np.asarray(band.convert(mode))
        )
    return pixels
