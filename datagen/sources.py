"""Source pictures as pixels: upright, eight bits, alpha premultiplied. BGR, OpenCV's order."""

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from data_manifest.errors import SourceError, UsageError
from data_manifest.record import Picture

JPEGS = (".jfif", ".jpe", ".jpeg", ".jpg")
OTHERS = (".avif", ".bmp", ".gif", ".jp2", ".pbm", ".pgm", ".png", ".ppm", ".tga", ".webp")
ENDINGS = frozenset((*JPEGS, *OTHERS, ".tif", ".tiff"))
MOST_PIXELS = 100_000_000
_DEEP_GREY = ("I", "I;16", "I;16B", "I;16L", "I;16N")

Box = tuple[int, int, int, int]


def find_pictures(folder: Path) -> list[Path]:
    """Files under ``folder`` with a picture's ending, in the order of their relative paths.

    Raises UsageError where the folder doesn't exist or holds no such file.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}; give one with pictures.")
    found = sorted(_walk(folder), key=lambda path: path.relative_to(folder).as_posix())
    if not found:
        raise UsageError(
            f"{folder} holds no pictures; expected files such as .jpg, .png, .webp or .tif."
        )
    return found


def _walk(folder: Path) -> Iterator[Path]:
    seen: set[Path] = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        here = Path(parent).resolve()
        if here in seen:
            folders.clear()
            continue
        seen.add(here)
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if Path(name).suffix.lower() in ENDINGS and not name.startswith("."):
                yield Path(parent, name)


def read_background(path: Path) -> Picture:
    """A whole background, (H, W, 3) uint8 BGR. Raises SourceError where it can't be used."""
    return cv2.cvtColor(_pixels(path, "RGB"), cv2.COLOR_RGB2BGR).astype(np.uint8, copy=False)


def read_cutout(path: Path) -> tuple[Picture, Box]:
    """A cut-out trimmed to its alpha, (h, w, 4) uint8 BGR premultiplied by alpha, and alpha.

    Also gives the trimmed box (left, top, width, height) in the upright picture. Raises SourceError
    where the picture can't be read, has no alpha, or its alpha cuts nothing out.
    """
    rgba = _pixels(path, "RGBA")
    alpha = rgba[..., 3]
    if alpha.min() == 255:
        raise SourceError("its alpha is opaque everywhere, so nothing is cut out")
    if alpha.max() < 128:
        raise SourceError("its alpha is transparent (nearly) everywhere, so nothing would be seen")
    left, top, width, height = cv2.boundingRect(alpha)
    box = (left, top, width, height)
    trimmed = rgba[top : top + height, left : left + width]
    return premultiply(cv2.cvtColor(trimmed, cv2.COLOR_RGBA2BGRA)), box


def premultiply(straight: npt.NDArray[np.generic]) -> Picture:
    """(h, w, 4) uint8 with straight alpha to premultiplied, rounded to the nearest level.

    Premultiplied colour may be resampled and added without fringes (Porter and Duff 1984).
    """
    product = straight[..., :3].astype(np.uint16) * straight[..., 3:].astype(np.uint16)
    return np.dstack([(product + 127) // 255, straight[..., 3]]).astype(np.uint8)


def centre_square(picture: Picture, size: int) -> Picture:
    """The largest centred square of a picture, resized to ``size`` by ``size``."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = picture[top : top + side, left : left + side]
    how = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    return cv2.resize(square, (size, size), interpolation=how).astype(np.uint8, copy=False)


def _pixels(path: Path, mode: str) -> Picture:
    """The upright pixels of a file in Pillow mode RGB or RGBA."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                _check(image, mode)
                upright = ImageOps.exif_transpose(image)
                return np.asarray(_eight_bits(upright).convert(mode))
    except SourceError:
        raise
    except UnidentifiedImageError:
        raise SourceError("it is not a picture that can be decoded") from None
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise SourceError(f"it can't be decoded: {' '.join(str(error).split())}") from error


def _check(image: Image.Image, mode: str) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise SourceError(
            f"its {image.width} x {image.height} pixels are more than {MOST_PIXELS:,}"
        )
    if mode == "RGBA" and not image.has_transparency_data:
        raise SourceError("it has no alpha channel, so nothing is cut out")


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode not in _DEEP_GREY:
        return image
    values = np.asarray(image).astype(np.int64)
    deep = values.max(initial=0) > 255
    return Image.fromarray(np.clip(values // 257 if deep else values, 0, 255).astype(np.uint8))
