"""Drawing one placement: scale, flip, blend, mask. Touches the region of interest only.

Pictures are uint8 in OpenCV's channel order; cut-outs carry premultiplied alpha throughout.
"""

from typing import NamedTuple

import cv2
import numpy as np

from data_manifest.record import Picture, Record


class Cutout(NamedTuple):
    """A cut-out at falling sizes, (h, w, 4) BGR premultiplied and alpha, largest first.

    Each level is half of the one before, so that one bilinear resize from the next larger level
    reaches any size without aliasing (Williams 1983, "Pyramidal parametrics").
    """

    levels: tuple[Picture, ...]

    @classmethod
    def of(cls, trimmed: Picture, longest: int, shortest: int) -> "Cutout":
        """Levels that serve placements with a longer side from ``shortest`` to ``longest`` px."""
        top = trimmed
        if max(top.shape[:2]) > longest:
            top = _shrink(top, longest / max(top.shape[:2]))
        levels = [top]
        while max(levels[-1].shape[:2]) >= 2 * shortest:
            levels.append(_shrink(levels[-1], 0.5))
        return cls(tuple(levels))

    def nbytes(self) -> int:
        """Memory held."""
        return sum(level.nbytes for level in self.levels)


def _shrink(picture: Picture, factor: float) -> Picture:
    height, width = (max(1, round(side * factor)) for side in picture.shape[:2])
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def warp(cutout: Cutout, record: Record) -> Picture:
    """The foreground as placed, (height, width, 4), premultiplied BGR and alpha."""
    longer = max(record.width, record.height)
    source = next(
        (level for level in reversed(cutout.levels) if max(level.shape[:2]) >= longer),
        cutout.levels[0],
    )
    placed = source
    if source.shape[:2] != (record.height, record.width):
        placed = cv2.resize(source, (record.width, record.height))  # type: ignore[assignment]
    return cv2.flip(placed, 1) if record.flip else placed  # type: ignore[return-value]


def composite(
    background: Picture, cutout: Cutout, record: Record, mask_threshold: int
) -> tuple[Picture, Picture]:
    """Draw one placement.

    Gives fg_bg, (H, W, 3) uint8 BGR, and the mask, (H, W) uint8 with 255 where the placed alpha is
    at least ``mask_threshold``. fg_bg is foreground + (1 - alpha) x background in premultiplied
    colour, within one level of exact arithmetic.
    """
    placed = warp(cutout, record)
    alpha = cv2.extractChannel(placed, 3)
    rows, columns = _region(record)
    fg_bg = background.copy()
    region = fg_bg[rows, columns]
    clear = cv2.cvtColor(cv2.bitwise_not(alpha), cv2.COLOR_GRAY2BGR)
    cv2.multiply(region, clear, dst=region, scale=1 / 255)
    cv2.add(region, cv2.cvtColor(placed, cv2.COLOR_BGRA2BGR), dst=region)
    mask = np.zeros(background.shape[:2], np.uint8)
    cv2.threshold(alpha, mask_threshold - 1, 255, cv2.THRESH_BINARY, dst=mask[rows, columns])
    return fg_bg, mask


def _region(record: Record) -> tuple[slice, slice]:
    return (
        slice(record.y, record.y + record.height),
        slice(record.x, record.x + record.width),
    )
