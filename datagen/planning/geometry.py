"""Sizes, boxes and positions of placed foregrounds, for all placements at once.

The drawing uses the same functions, so that a placement is drawn where the plan says.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from data_manifest.record import Size
from datagen.planning.random_draws import whole_number

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_ROUNDING = 1e-6  # pixels by which a turned box may be off, so that 90 degrees add none


class Shapes(NamedTuple):
    """Foregrounds before and after turning, (n,) each.

    ``scale`` is the longer side before turning as a fraction of the frame's shorter side; ``width``
    and ``height`` are the box after turning in pixels; ``fill`` is the share of it that the mask
    covers.
    """

    scale: Floats
    width: Ints
    height: Ints
    fill: Floats


def upright_size(scale: Floats, boxes: Ints, frame: Size) -> Ints:
    """Width and height, (n, 2) pixels, of foregrounds with boxes (n, 2) before they are turned."""
    longer = np.maximum(np.rint(scale * frame.shorter).astype(np.int64), 1)
    sides = np.rint(longer[:, None] * boxes / boxes.max(axis=1, keepdims=True)).astype(np.int64)
    return np.asarray(np.maximum(sides, 1))


def turning(angle: Floats, shear: Floats) -> Floats:
    """Matrices, (n, 2, 2), that slant to the right and then turn counter-clockwise; y is down."""
    turn, slant = np.deg2rad(angle), np.tan(np.deg2rad(shear))
    cos, sin = np.cos(turn), np.sin(turn)
    rows = [[cos, sin - cos * slant], [-sin, cos + sin * slant]]
    return np.moveaxis(np.array(rows), 2, 0)


def turned_size(upright: Ints, angle: Floats, shear: Floats) -> Ints:
    """Width and height, (n, 2) pixels, of the boxes around foregrounds of (n, 2) pixels, turned."""
    reach = np.abs(turning(angle, shear)) @ upright[:, :, None].astype(np.float64)
    return np.maximum(np.ceil(reach[:, :, 0] - _ROUNDING).astype(np.int64), 1)


def shapes(scale: Floats, turns: tuple[Floats, Floats], boxes: Ints, frame: Size) -> Shapes:
    """Shapes of foregrounds at the wanted scales; those that the frame can't hold are made smaller.

    ``turns`` are angle and shear in degrees, ``boxes`` (n, 2) the sources' trimmed sizes.
    """
    for _ in range(2):
        upright = upright_size(scale, boxes, frame)
        turned = turned_size(upright, *turns)
        over = (turned / frame).max(axis=1)
        scale = np.where(over > 1, scale / np.maximum(over, 1) * (1 - 1 / frame.shorter), scale)
    upright = upright_size(scale, boxes, frame)
    turned = np.minimum(turned_size(upright, *turns), frame)
    share = upright.prod(axis=1) / turned.prod(axis=1)
    return Shapes(scale, turned[:, 0], turned[:, 1], share)


def offsets(draws: Floats, extent: Ints, side: int, visible: Floats) -> Ints:
    """Left (or top) edges, (n,): at least the share ``visible`` of ``extent`` lies in the frame."""
    overhang = overhangs(extent, visible)
    return whole_number(draws, side - extent + 2 * overhang + 1) - overhang


def overhangs(extent: Ints, visible: Floats) -> Ints:
    """How many pixels of ``extent`` may lie outside so that the share ``visible`` is inside."""
    return np.asarray(np.floor((1 - np.minimum(visible, 1)) * extent + _ROUNDING), np.int64)


def shown_length(start: Ints, extent: Ints, side: int) -> Ints:
    """How many pixels of ``extent`` from ``start`` lie within the frame."""
    return np.asarray(np.maximum(np.minimum(start + extent, side) - np.maximum(start, 0), 0))
