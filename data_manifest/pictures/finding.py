"""A user's picture files: which there are, what they are called, and their content."""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from data_manifest.errors import SourceError, UsageError
from data_manifest.pictures.limits import LARGE_BYTES, MOST_BYTES

JPEGS = (".jfif", ".jpe", ".jpeg", ".jpg")
OTHERS = (".avif", ".bmp", ".gif", ".jp2", ".pbm", ".pgm", ".png", ".ppm", ".tga", ".webp")
ENDINGS = frozenset((*JPEGS, *OTHERS, ".tif", ".tiff"))


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
