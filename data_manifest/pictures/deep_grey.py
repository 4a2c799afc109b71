"""Grey pictures of more than eight bits, or of floating-point numbers."""

import numpy as np
from PIL import Image

from data_manifest.pictures.eight_bits import eight_bits
from data_manifest.record import Picture


def is_deep_grey(image: Image.Image) -> bool:
    """Whether a picture is one, by its Pillow mode."""
    return image.mode.startswith(("F", "I"))


def deep_grey(image: Image.Image, mode: str) -> Picture:
    """The pixels in ``mode`` RGB or RGBA, (H, W, 3 or 4) uint8.

    The grey that a PNG names as transparent gets alpha 0. Raises SourceError where levels are out
    of range.
    """
    values = np.asarray(image)
    grey = eight_bits(values)
    alpha = np.where(values == image.info.get("transparency", -1), 0, 255).astype(np.uint8)
    return np.dstack([grey, grey, grey, alpha][: len(mode)])
