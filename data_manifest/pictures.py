"""A user's picture files: which there are, what they are called, and their upright pixels."""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from data_manifest.bands import bands
from data_manifest.deep_colour import deep_colour, is_deep_colour
from data_manifest.deep_grey import deep_grey, is_deep_grey
from data_manifest.errors import SourceError, UsageError
from data_manifest.odd_tiff import is_odd_tiff, read_odd_tiff
from data_manifest.opening import LARGE_PIXELS, NO_ALPHA, opened
from data_manifest.orientation import SIDEWAYS, orientation, upright
from data_manifest.record import Picture

JPEGS = (".jfif", ".jpe", ".jpeg", ".jpg")
OTHERS = (".avif", ".bmp", ".gif", ".jp2", ".pbm", ".pgm", ".png", ".ppm", ".tga", ".webp")
ENDINGS = frozenset((*JPEGS, *OTHERS, ".tif", ".tiff"))
MOST_BYTES = 2**29
LARGE_BYTES = 2**25


def find_pictures(folder: Path) -> list[Path]:
    """Files under ``folder`` with a picture's ending, in the order of their relative paths.

    Hidden files and folders are left out; links are followed. Raises UsageError where the folder
    doesn't exist, can't be read or holds no such file.
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
    def refuse(error: OSError) -> None:
        raise UsageError(f"The folder {error.filename} can't be read: {error.strerror}.")

    seen: set[Path] = set()
    for parent, folders, names in os.walk(folder, followlinks=True, onerror=refuse):
        here = Path(parent).resolve()
        if here in seen:
            folders.clear()
            continue
        seen.add(here)
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if Path(name).suffix.lower() in ENDINGS and not name.startswith("."):
                yield Path(parent, name)


def picture_ids(names: Sequence[str]) -> list[str]:
    """A unique id for every relative path: without the ending where that is clear, else whole."""
    short = [str(Path(name).with_suffix("")) for name in names]
    count = Counter(short)
    ids = [cut if count[cut] == 1 else name for cut, name in zip(short, names, strict=True)]
    return ids if len(set(ids)) == len(ids) else list(names)


def read_file(path: Path) -> bytes:
    """The content of a regular file. Raises SourceError where it can't be read or is too large."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise SourceError("it is not a regular file")
        if status.st_size > MOST_BYTES:
            raise SourceError(f"its {status.st_size:,} bytes are more than {MOST_BYTES:,}")
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"it can't be read: {error.strerror}") from error


def is_large_file(path: Path) -> bool:
    """Whether already the file takes much memory; False where there is none."""
    try:
        return path.stat().st_size > LARGE_BYTES
    except OSError:
        return False


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
