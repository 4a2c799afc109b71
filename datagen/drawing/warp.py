"""A cut-out brought to its placed size and turn by one resampling of premultiplied pixels."""

from typing import NamedTuple

import cv2
import numpy as np

from data_manifest.record import Picture, Placement, Size
from datagen.planning.geometry import Floats, turning, upright_size


class Cutout(NamedTuple):
    """A cut-out at falling sizes, (h, w, 4) BGR premultiplied and alpha, largest first.

    Each level is half of the one before, so that one bilinear resampling of the next larger level
    reaches any size without aliasing (Williams 1983, "Pyramidal parametrics"). ``size`` is the
    width and height of the source, trimmed.
    """

    levels: tuple[Picture, ...]
    size: tuple[int, int]

    @classmethod
    def of(cls, trimmed: Picture, longest: int, shortest: int) -> "Cutout":
        """Levels that serve placements with a longer side from ``shortest`` to ``longest`` px."""
        top = trimmed
        if max(top.shape[:2]) > longest:
            top = _shrink(top, longest / max(top.shape[:2]))
        levels = [top]
        while max(levels[-1].shape[:2]) >= 2 * shortest:
            levels.append(_shrink(levels[-1], 0.5))
        return cls(tuple(levels), (trimmed.shape[1], trimmed.shape[0]))

    def nbytes(self) -> int:
        """Memory held."""
        return sum(level.nbytes for level in self.levels)

    def level(self, longer: int) -> Picture:
        """The smallest level with a longer side of at least ``longer`` px, or the largest."""
        return next(
            (level for level in reversed(self.levels) if max(level.shape[:2]) >= longer),
            self.levels[0],
        )


def _shrink(picture: Picture, factor: float) -> Picture:
    height, width = (max(1, round(side * factor)) for side in picture.shape[:2])
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def warp(cutout: Cutout, placement: Placement, frame: Size) -> Picture:
    """The foreground as placed in a frame.

    (height, width, 4) uint8, premultiplied BGR and alpha: the whole of it, also where the frame
    cuts it off.
    """
    if placement.angle or placement.shear:
        return _turned(cutout, placement, frame)
    source = cutout.level(max(placement.width, placement.height))
    placed = source
    if source.shape[:2] != (placement.height, placement.width):
        placed = cv2.resize(source, (placement.width, placement.height))  # type: ignore[assignment]
    return cv2.flip(placed, 1) if placement.flip else placed  # type: ignore[return-value]


def _turned(cutout: Cutout, placement: Placement, frame: Size) -> Picture:
    width, height = upright_size(np.array([placement.scale]), np.array([cutout.size]), frame)[0]
    source = cutout.level(max(width, height))
    to_placed = affine(placement, (int(width), int(height)), (source.shape[1], source.shape[0]))
    return cv2.warpAffine(source, to_placed, (placement.width, placement.height))  # type: ignore[return-value]


def affine(placement: Placement, upright: tuple[int, int], source: tuple[int, int]) -> Floats:
    """The (2, 3) matrix from pixels of a source of size ``source`` to pixels of the placed box.

    The middle stays the middle; the source becomes ``upright`` (width, height) pixels large, is
    mirrored if wanted, slanted and turned. Pixels are points at their centres, as in OpenCV.
    """
    grow = np.diag(np.divide(upright, source) * (-1 if placement.flip else 1, 1))
    linear = turning(np.array([placement.angle]), np.array([placement.shear]))[0] @ grow
    middle = np.array([placement.width, placement.height]) / 2
    shift = middle - 0.5 - linear @ (np.array(source) / 2 - 0.5)
    return np.column_stack([linear, shift])
