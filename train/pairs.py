"""A user's own pictures, in pairs of background and composite."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

from data_manifest.errors import SourceError, UsageError
from data_manifest.record import Picture
from train.panel import Question


def pair_pictures(bg: Path, fg_bg: Path) -> list[tuple[str, Path, Path]]:
    """Key, background and composite of every pair.

    ``fg_bg`` is a picture or a folder of them; ``bg`` is one picture for all, or a folder with
    files of the same relative name, whatever the ending.

    Raises UsageError where one has no partner.
    """
    for path in (bg, fg_bg):
        if not path.exists():
            raise UsageError(f"There is no {path}; give a picture or a folder of pictures.")
    composites = _by_key(fg_bg)
    if bg.is_file():
        return [(key, bg, path) for key, path in composites.items()]
    backgrounds = _by_key(bg)
    lonely = [key for key in composites if key not in backgrounds]
    if lonely:
        raise UsageError(
            f"{composites[lonely[0]]} has no background: {bg} holds no picture named {lonely[0]}; "
            "give one picture as --bg if all share it."
        )
    return [(key, backgrounds[key], path) for key, path in composites.items()]


def _by_key(path: Path) -> dict[str, Path]:
    if path.is_file():
        return {path.stem: path}
    endings = Image.registered_extensions()
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in endings)
    return {file.relative_to(path).with_suffix("").as_posix(): file for file in files}


def read_pair(key: str, bg: Path, fg_bg: Path) -> Question:
    """Read a pair; the background is resized to the composite. Raises SourceError."""
    composite, background = _read(fg_bg), _read(bg)
    if background.shape != composite.shape:
        height, width = composite.shape[:2]
        background = fitted(background, (height, width))
    return Question(key, background, composite)


def _read(path: Path) -> Picture:
    try:
        with Image.open(path) as image:
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise SourceError(f"{path} can't be decoded: {' '.join(str(error).split())}.") from error


def fitted(picture: Picture, size: tuple[int, ...]) -> Picture:
    """(H, W, 3) uint8 at another size (height, width); areas are averaged when it shrinks."""
    if picture.shape[:2] == size:
        return picture
    how = cv2.INTER_AREA if size[0] < picture.shape[0] else cv2.INTER_LINEAR
    return cv2.resize(picture, size[::-1], interpolation=how).astype(np.uint8, copy=False)
