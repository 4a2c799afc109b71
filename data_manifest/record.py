"""What one sample is: its row in the plan, and its pictures."""

from collections.abc import Mapping
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
Grounds = Mapping[str, StoredDepth]
"""Depth of backgrounds as stored, by id."""
PictureStream = Literal["bg", "fg_bg"]
MapStream = Literal["instance", "amodal"]
Stream = Literal["bg", "fg_bg", "mask", "instance", "amodal"]
MAP_STREAMS: tuple[MapStream, ...] = get_args(MapStream)
STREAMS: tuple[Stream, ...] = get_args(Stream)
MOST_OBJECTS = 8
"""Labelled foregrounds a sample, one bit each in the amodal map."""
MASK_FROM = 128
"""Alpha, or grey of a mask picture, from which a pixel is mask unless told otherwise."""


class Size(NamedTuple):
    """Width and height of a picture in pixels."""

    width: int
    height: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of its array."""
        return self.height, self.width

    @property
    def shorter(self) -> int:
        """The shorter side."""
        return min(self)

    def __str__(self) -> str:
        return f"{self.width} x {self.height}"

    def __format__(self, how: str) -> str:
        """``x`` is the way of the command line, 640x480."""
        return f"{self.width}x{self.height}" if how == "x" else format(str(self), how)

    @classmethod
    def of(cls, picture: npt.NDArray[np.generic]) -> "Size":
        """The size of an array (H, W) or (H, W, C)."""
        return cls(picture.shape[1], picture.shape[0])

    @classmethod
    def parse(cls, value: object) -> object:
        """A size out of a side, ``224``, or a pair, ``640x480`` or [640, 480].

        Raises ValueError for text that is neither; other values are left to be refused.
        """
        if isinstance(value, str):
            width, cross, height = value.lower().partition("x")
            try:
                return cls(int(width), int(height if cross else width))
            except ValueError:
                raise ValueError(
                    "give a side such as 224, or WIDTHxHEIGHT such as 640x480"
                ) from None
        if isinstance(value, int):
            return cls(value, value)
        return cls(*value) if isinstance(value, list | tuple) and len(value) == 2 else value


class Placement(NamedTuple):
    """One foreground of a composite.

    ``scale`` is its longer side before turning as a fraction of the frame's shorter side; ``angle``
    is in degrees, counter-clockwise; ``shear`` in degrees, to the right; ``x``, ``y``, ``width``
    and ``height`` are its box in pixels of the composite, which may reach out of the frame;
    ``red``, ``green`` and ``blue`` are gains of its colour. A distractor is drawn, but not
    ``labelled``.
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

    ``row`` is the position within ``shard``; ``placements`` are drawn in their order, the first is
    always labelled.
    """

    index: int
    key: str
    bg: str
    split: Split
    shard: int
    row: int
    placements: tuple[Placement, ...]

    @property
    def fg(self) -> str:
        """The foreground that is drawn first."""
        return self.placements[0].fg


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
