"""Pictures with measured depth, as RGB-D data sets publish them."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import cv2
import numpy as np

from data_manifest.errors import DatasetError, SourceError, UsageError
from data_manifest.pictures.decoding import decode_upright
from data_manifest.pictures.finding import read_file
from data_manifest.pictures.opencv import decode_any
from data_manifest.pictures.safe_open import opened
from data_manifest.record import Depth, Picture, Size, StoredDepth
from depthgen.config import PairLayout
from depthgen.judging import layouts

Read = TypeVar("Read", Picture, StoredDepth)
LAYOUTS: dict[PairLayout, tuple[Callable[[Path], list[layouts.Triple]], int]] = {
    "millimetres": (layouts.side_by_side, 1000),
    "nyu": (layouts.nyu, 1000),
    "kitti": (layouts.kitti, 256),
    "tum": (layouts.tum, 5000),
}
"""How the files lie, and the levels of a metre."""


class Pair(NamedTuple):
    """A picture and its depth: files, and the levels of 16-bit depth that a metre has."""

    name: str
    rgb: Path
    depth: Path
    levels_per_metre: int


def find_pairs(folder: Path, layout: PairLayout) -> list[Pair]:
    """The pairs in a folder, in the order of the pictures' paths; ``layouts`` says how they lie.

    Raises UsageError where there are none, one lacks its partner, or the folder is laid out
    otherwise.
    """
    if layout not in LAYOUTS:
        raise UsageError(f"There is no layout {layout!r}; choose from {', '.join(LAYOUTS)}.")
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}; give one of pictures with measured depth.")
    find, levels = LAYOUTS[layout]
    return [Pair(*triple, levels) for triple in find(folder)]


def read_pair(pair: Pair) -> tuple[Picture, Depth]:
    """(H, W, 3) uint8 RGB, and (H, W) float32 metres, where 0 is unknown.

    Raises SourceError where a file can't be read, the depth is not a 16-bit grey PNG, or their
    sizes differ.
    """
    rgb = _read(pair.rgb, lambda content: decode_upright(content, "RGB"))
    stored = _read(pair.depth, _decode_depth)
    if rgb.shape[:2] != stored.shape:
        raise SourceError(
            f"{pair.depth} is {Size.of(stored)}, but its picture {pair.rgb.name} is "
            f"{Size.of(rgb)}; expected depth of the picture's size."
        )
    return rgb, stored.astype(np.float32) / np.float32(pair.levels_per_metre)


def _read(path: Path, decode: Callable[[bytes], Read]) -> Read:
    try:
        return decode(read_file(path))
    except SourceError as error:
        raise SourceError(f"{path} can't be used: {error}.") from error


def _decode_depth(content: bytes) -> StoredDepth:
    with opened(content):
        pass  # the size that the header promises is checked before anything is decoded
    try:
        stored = decode_any(content, cv2.IMREAD_UNCHANGED)
    except DatasetError:
        raise SourceError("it can't be decoded") from None
    if stored.dtype != np.uint16 or stored.ndim != 2:
        channels = 1 if stored.ndim == 2 else stored.shape[2]
        raise SourceError(
            f"it has {stored.dtype.itemsize * 8} bits in {channels} channels; expected depth as a "
            "grey PNG of 16 bits"
        )
    return np.asarray(stored, np.uint16)
