"""TIFF files of colour with 32 or 64 bits a level, which OpenCV reads and Pillow doesn't."""

import io

import cv2
import numpy as np
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from data_manifest.errors import SourceError
from data_manifest.pictures.eight_bits import eight_bits
from data_manifest.pictures.limits import LARGE_PIXELS, check_size
from data_manifest.pictures.opencv import decode_any
from data_manifest.pictures.safe_open import NO_ALPHA, guarded
from data_manifest.record import Picture

_BEGINNINGS = (b"II*\0", b"MM\0*")
_WIDTH, _HEIGHT, _BITS = 256, 257, 258


def is_odd_tiff(content: bytes) -> bool:
    """Whether a file is one. Raises SourceError for a damaged TIFF file."""
    with guarded():
        if not content.startswith(_BEGINNINGS):
            return False
        bits = _directory(content).get(_BITS, (1,))
        return bits[0] == 64 or (bits[0] == 32 and len(bits) > 1)


def read_odd_tiff(content: bytes, mode: str) -> Picture:
    """The pixels, which OpenCV turns upright, in ``mode`` RGB or RGBA, (H, W, 3 or 4) uint8.

    Raises SourceError where it can't be decoded, is too large, its levels are out of range or, for
    RGBA, it has no alpha.
    """
    with guarded():
        directory = _directory(content)
        check_size(directory[_WIDTH], directory[_HEIGHT], LARGE_PIXELS)
        values = decode_any(content, cv2.IMREAD_UNCHANGED)
        if values.ndim == 2:
            values = cv2.merge([values] * 3)
        if mode == "RGBA" and values.shape[2] < 4:
            raise SourceError(NO_ALPHA)
        order = [2, 1, 0, 3][: len(mode)]
        return np.ascontiguousarray(eight_bits(values)[..., order])


def _directory(content: bytes) -> ImageFileDirectory_v2:
    file = io.BytesIO(content)
    directory = ImageFileDirectory_v2(file.read(8))
    file.seek(directory.next)
    directory.load(file)
    return directory
