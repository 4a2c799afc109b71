"""What a worker does for ``datagen import``: read the files of some samples once."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.errors import DatasetError, SourceError
from data_manifest.pictures.finding import read_file
from data_manifest.pictures.opencv import decode_any
from data_manifest.record import Size
from datagen.ingest.gather import Found, Missing

_GREY_TOLERANCE = 8  # levels by which a grey JPEG in three channels may differ between them


class ReadTask(NamedTuple):
    """Samples to read; ``size`` is what they are read at, None to take their own."""

    found: Sequence[Found]
    size: Size | None
    mask_threshold: int


class Usable(NamedTuple):
    """A sample whose files decode.

    ``sha256`` are digests by stream, ``size`` that of all its pictures, ``box`` (x, y, width,
    height) of its mask; ``depth_bits`` is 0 without depth, ``depth_most`` the largest value.
    """

    found: Found
    sha256: dict[str, str]
    size: Size
    box: tuple[int, int, int, int]
    depth_bits: int
    depth_most: int


def read_samples(task: ReadTask) -> list[Usable | Missing]:
    """Read samples; those that can't be used come back with the reason."""
    return [_check(found, task) for found in task.found]


def _check(found: Found, task: ReadTask) -> Usable | Missing:
    try:
        return _read(found, task)
    except (DatasetError, SourceError) as error:
        return Missing(found.key, str(error).rstrip("."))


def _read(found: Found, task: ReadTask) -> Usable:
    sha256: dict[str, str] = {}

    def decode(stream: str, path: Path, flags: int) -> npt.NDArray[Any]:
        try:
            content = read_file(path)
            sha256[stream] = hashlib.sha256(content).hexdigest()
            return decode_any(content, flags)
        except (SourceError, DatasetError) as error:
            raise DatasetError(f"{path}: {error}") from None

    fg_bg = decode("fg_bg", found.fg_bg, cv2.IMREAD_COLOR)
    size = task.size or Size.of(fg_bg)
    mask = _grey(decode("mask", found.mask, cv2.IMREAD_UNCHANGED), found.mask)
    _check_size(mask, fg_bg, found.mask, task)
    if 0 < mask.max() < task.mask_threshold:
        raise DatasetError(
            f"{found.mask} is nowhere brighter than {mask.max()}; see --mask-threshold"
        )
    if mask.shape != size.shape:
        mask = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    x, y, wide, high = cv2.boundingRect((mask >= task.mask_threshold).astype(np.uint8))
    bits = most = 0
    if found.depth:
        depth = _grey(decode("depth", found.depth, cv2.IMREAD_UNCHANGED), found.depth)
        _check_size(depth, fg_bg, found.depth, task)
        if depth.dtype not in (np.uint8, np.uint16):
            raise DatasetError(f"{found.depth} holds {depth.dtype} values; expected 8 or 16 bits")
        bits, most = depth.dtype.itemsize * 8, int(depth.max())
    return Usable(found, sha256, size, (x, y, wide, high), bits, most)


def _grey(picture: npt.NDArray[Any], path: Path) -> npt.NDArray[Any]:
    """A grey picture's values, (H, W). Raises DatasetError where it has colour or transparency."""
    if picture.ndim == 2:
        return picture
    if picture.shape[2] == 4 and picture[..., 3].min() < np.iinfo(picture.dtype).max:
        raise DatasetError(f"{path} is transparent in places; expected grey values only")
    if np.ptp(picture[..., :3], axis=2).max() > _GREY_TOLERANCE:
        raise DatasetError(f"{path} has colours; expected grey values")
    return picture[..., 0]


def _check_size(
    picture: npt.NDArray[Any], fg_bg: npt.NDArray[Any], path: Path, task: ReadTask
) -> None:
    if task.size is None and picture.shape != fg_bg.shape[:2]:
        raise DatasetError(f"{path} is {Size.of(picture)}, not as large as its fg_bg")
