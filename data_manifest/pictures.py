"""A user's picture files: which there are, what they are called, and their upright pixels."""

import io
import os
import stat
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from data_manifest.errors import SourceError, UsageError
from data_manifest.record import Picture

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TGA", "TIFF", "WEBP")
JPEGS = (".jfif", ".jpe", ".jpeg", ".jpg")
OTHERS = (".avif", ".bmp", ".gif", ".jp2", ".pbm", ".pgm", ".png", ".ppm", ".tga", ".webp")
ENDINGS = frozenset((*JPEGS, *OTHERS, ".tif", ".tiff"))
MOST_PIXELS = 100_000_000
_DEEP_GREY = ("I", "I;16", "I;16B", "I;16L", "I;16N")


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
    """The content of a regular file. Raises SourceError where it can't be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SourceError("it is not a regular file")
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"it can't be read: {error.strerror}") from error


def decode_upright(content: bytes, mode: str) -> Picture:
    """The upright pixels of a picture file in Pillow mode RGB or RGBA, (H, W, 3 or 4) uint8.

    EXIF rotation is undone, 16-bit grey reduced to eight, and of an animation the first frame
    taken. Raises SourceError where it can't be decoded, is too large or, for RGBA, has no alpha.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.init()
            known = [name for name in FORMATS if name in Image.OPEN]
            with Image.open(io.BytesIO(content), formats=known) as image:
                _check(image, mode)
                upright = ImageOps.exif_transpose(image)
                return np.asarray(_eight_bits(upright).convert(mode))
    except SourceError:
        raise
    except UnidentifiedImageError:
        raise SourceError("it is not a picture that can be decoded") from None
    except Exception as error:  # damaged files make Pillow's decoders raise nearly anything
        text = " ".join(str(error).split()) or type(error).__name__
        raise SourceError(f"it can't be decoded: {text}") from error


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
