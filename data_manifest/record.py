"""What one sample is: its row in the plan, and its pictures."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Split = str
SPLITS: tuple[Split, ...] = ("train", "val", "val_bg", "val_fg")

Picture = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Depth = npt.NDArray[np.float32]
StoredDepth = npt.NDArray[np.uint16]
PictureStream = Literal["bg", "fg_bg"]
Stream = Literal["bg", "fg_bg", "mask"]


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the plan: which pictures, how they are put together, and where that is stored.

    ``scale`` is the longer side of the foreground as a fraction of the background's side;
    ``angle`` is in degrees, counter-clockwise; ``x``, ``y``, ``width`` and ``height`` are the
    foreground's box in pixels of the composite; ``row`` is the position within ``shard``.
    """

    index: int
    key: str
    bg: str
    fg: str
    flip: bool
    scale: float
    angle: float
    x: int
    y: int
    width: int
    height: int
    blend: str
    split: Split
    shard: int
    row: int


class Sample(NamedTuple):
    """The pictures of one record.

    ``bg`` and ``fg_bg`` are (H, W, 3) uint8 RGB, ``mask`` is (H, W) bool with True where the
    foreground is visible, ``depth`` is (H, W) float32 in the unit of the dataset's depth stage, or
    None where no teacher has run.
    """

    bg: Picture
    fg_bg: Picture
    mask: Mask
    depth: Depth | None
    record: Record


class EncodedSample(NamedTuple):
    """A drawn sample on its way into a shard.

    With the jpeg codec ``fg_bg`` is a JPEG file and ``mask`` a 1-bit PNG file; with the raw codec
    they are (H, W, 3) uint8 RGB and (H, W) bool.
    """

    record: Record
    fg_bg: bytes | Picture
    mask: bytes | Mask
