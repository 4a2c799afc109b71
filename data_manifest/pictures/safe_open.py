"""Opens picture files, and refuses those whose header promises more than memory should hold."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from data_manifest.errors import SourceError
from data_manifest.pictures.limits import LARGE_PIXELS, MOST_PIXELS, check_size
from data_manifest.pictures.silence import silence

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TGA", "TIFF", "WEBP")
NO_ALPHA = "it has no alpha channel, so nothing is cut out"
_JPEGS = ("JPEG", "MPO")
_MOST_SCANS = 200
_START_OF_SCAN = b"\xff\xda"
_TILE_WIDTH, _TILE_HEIGHT = 322, 323
_LONGEST_REASON = 200


@contextmanager
def guarded() -> Iterator[None]:
    """Silences decoders, and turns whatever they raise into SourceError, its text a short line."""
    try:
        with silence():
            yield
    except SourceError:
        raise
    except UnidentifiedImageError:
        raise SourceError("it is not a picture that can be decoded") from None
    except Image.DecompressionBombError:
        raise SourceError(f"its pixels are more than {MOST_PIXELS:,}") from None
    except Exception as error:  # damaged files make Pillow's decoders raise nearly anything
        raise SourceError(f"it can't be decoded: {_readable(error)}") from error


def _readable(error: Exception) -> str:
    """What an error says, which in Pillow may be bytes, as a short line."""
    said = error.args[0] if error.args else ""
    text = said.decode("ascii", "replace") if isinstance(said, bytes) else str(error)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(text.split())[:_LONGEST_REASON] or type(error).__name__


@contextmanager
def opened(content: bytes) -> Iterator[Image.Image]:
    """A picture of which only the header is read; all that is done with it is ``guarded``.

    Raises SourceError where it is none, or decoding it would take too much memory or time.
    """
    with guarded():
        Image.init()
        known = [name for name in FORMATS if name in Image.OPEN]
        with Image.open(io.BytesIO(content), formats=known) as image:
            check_size(*image.size)
            _check_cost(image, content)
            yield image


def _check_cost(image: Image.Image, content: bytes) -> None:
    """Refuse what is small by its size only: giant tiles of a TIFF, endless scans of a JPEG."""
    if image.format == "TIFF":
        tags = image.tag_v2  # type: ignore[attr-defined]
        if tags.get(_TILE_WIDTH, 0) * tags.get(_TILE_HEIGHT, 0) > MOST_PIXELS:
            raise SourceError(f"its tiles have more than {MOST_PIXELS:,} pixels")
    if image.format in _JPEGS and content.count(_START_OF_SCAN) > _MOST_SCANS:
        raise SourceError(f"its pixels come in more than {_MOST_SCANS} scans")


def is_heavy(content: bytes) -> bool:
    """Whether decoding a file takes hundreds of megabytes; False where it can't be opened.

    Large JPEG files of a single pass don't, as they can be decoded at a reduced scale.
    """
    try:
        with opened(content) as image:
            frugal = image.format in _JPEGS and "progressive" not in image.info
            return image.width * image.height > LARGE_PIXELS and not frugal
    except SourceError:
        return False
