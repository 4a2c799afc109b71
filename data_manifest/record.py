"""What one sample is: its row in the plan, and its pictures."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

Split = str
SPLITS: tuple[Split, ...] = ("train", "val", "val_bg", "val_fg")

Picture = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Depth = npt.NDArray[np.float32]
StoredDepth = npt.NDArray[np.uint16]
PictureStream = Literal["bg", "fg_bg"]
MapStream = Literal["instance", "amodal"]
Stream = Literal["bg", "fg_bg", "mask", "instance", "amodal"]
MAP_STREAMS: tuple[MapStream, ...] = get_args(MapStream)
STREAMS: tuple[Stream, ...] = get_args(Stream)
MOST_OBJECTS = 8
"""Labelled foregrounds a sample, one bit each in the amodal map."""


@dataclass(frozen=True, slots=True)
class Placement:
    """One foreground of a composite.

    ``scale`` is its longer side before turning as a fraction of the background's side; ``angle`` is
    in degrees, counter-clockwise; ``shear`` in degrees, to the right; ``x``, ``y``, ``width`` and
    ``height`` are its box in pixels of the composite, which may reach out of the frame; ``red``,
    ``green`` and ``blue`` are gains of its colour. A distractor is drawn, but not ``labelled``.
    """

    fg: str
    flip: bool
    scale: float
    angle: float
    x: int
    y: int
    width: int
    height: int
    blend: str
    shear: float = 0.0
    red: float = 1.0
    green: float = 1.0
    blue: float = 1.0
    labelled: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the plan: which pictures, how they are put together, and where that is stored.

    ``row`` is the position within ``shard``. The foreground's fields are those of a Placement;
    ``others`` are drawn over it, in their order.
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
    shear: float = 0.0
    red: float = 1.0
    green: float = 1.0
    blue: float = 1.0
    others: tuple[Placement, ...] = ()

    def placements(self) -> tuple[Placement, ...]:
        """All foregrounds in the order in which they are drawn."""
        first = Placement(
            self.fg,
            self.flip,
            self.scale,
            self.angle,
            self.x,
            self.y,
            self.width,
            self.height,
            self.blend,
            self.shear,
            self.red,
            self.green,
            self.blue,
        )
        return (first, *self.others)


class Sample(NamedTuple):
    """The pictures of one record.

    ``bg`` and ``fg_bg`` are (H, W, 3) uint8 RGB, ``mask`` is (H, W) bool with True where a labelled
    foreground is visible, ``depth`` is (H, W) float32 in the unit of the dataset's depth stage, or
    None where no teacher has run. Datasets of several foregrounds a sample also have ``instance``,
    (H, W) uint8, the number of the foreground seen, from 1 in drawing order, 0 for none; and
    ``amodal``, (foregrounds, H, W) bool, each foreground as if nothing hid it. Distractors are in
    neither.
    """

    bg: Picture
    fg_bg: Picture
    mask: Mask
    depth: Depth | None
    record: Record
    instance: Picture | None = None
    amodal: Mask | None = None


class EncodedSample(NamedTuple):
    """A drawn sample on its way into a shard.

    With the jpeg codec ``fg_bg`` is a JPEG file and ``mask`` a 1-bit PNG file; with the raw codec
    they are (H, W, 3) uint8 RGB and (H, W) bool. ``instance`` and ``amodal``, where a dataset has
    them, are 8-bit PNG files or (H, W) uint8; bit k of ``amodal`` is foreground k + 1.
    """

    record: Record
    fg_bg: bytes | Picture
    mask: bytes | Mask
    instance: bytes | Picture | None = None
    amodal: bytes | Picture | None = None
