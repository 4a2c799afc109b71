"""Large pictures in overlapping tiles, whose answers are blended so that no seam shows."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.record import Size

OVERLAP = 0.25
"""Share of a tile's side that neighbours have in common, at least."""
COARSE = 1 / 8
"""Share of a tile's side; what is coarser in a tile's depth is taken from the whole picture's."""
Maps = npt.NDArray[np.float32]


class Corner(NamedTuple):
    """Where a tile lies: its left and upper edge in pixels."""

    x: int
    y: int

    def of(self, tile: Size) -> tuple[slice, slice]:
        """Rows and columns of a tile that lies here."""
        return slice(self.y, self.y + tile.height), slice(self.x, self.x + tile.width)


def room_for(whole: Size, tile: Size) -> Size:
    """The size of a picture, or the next larger in proportion that a tile fits in."""
    factor = max(tile.width / whole.width, tile.height / whole.height, 1.0)
    return Size(
        max(tile.width, round(whole.width * factor)), max(tile.height, round(whole.height * factor))
    )


def corners(whole: Size, tile: Size) -> list[Corner]:
    """Where tiles lie that cover a picture, evenly spread, in reading order."""
    across, down = (_starts(*sides) for sides in zip(whole, tile, strict=True))
    return [Corner(x, y) for y in down for x in across]


def _starts(length: int, side: int) -> list[int]:
    steps = -(-(length - side) // round(side * (1 - OVERLAP)))
    return [round(number * (length - side) / max(steps, 1)) for number in range(steps + 1)]


def settled(depth: Maps, overview: Maps) -> Maps:
    """A tile's depth, (h, w), with all that is coarse in it as the whole picture's answer has it.

    A crop tells little of how far away all of it is, and neighbours would not agree.
    """
    coarse = cv2.GaussianBlur(depth - overview, (0, 0), COARSE * min(depth.shape))
    return np.asarray(depth - coarse, np.float32)


def blended(whole: Size, tile: Size, at: Sequence[Corner], answers: Iterable[Maps]) -> Maps:
    """Tiles' maps, (2, h, w) each, as maps of the whole picture, (2, H, W) float32.

    A tile counts by a raised cosine of either side, next to nothing at its edges. Where one alone
    covers a pixel its values are kept.
    """
    weight = np.outer(_bump(tile.height), _bump(tile.width))
    total = np.zeros((2, *whole.shape), np.float32)
    weights = np.zeros(whole.shape, np.float32)
    for corner, answer in zip(at, answers, strict=True):
        rows, columns = corner.of(tile)
        total[:, rows, columns] += weight * answer
        weights[rows, columns] += weight
    return total / weights


def _bump(side: int) -> npt.NDArray[np.float32]:
    """A raised cosine, (side,), above 0 everywhere."""
    return np.asarray(np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2, np.float32)
