"""Where the foregrounds of a sample are seen, each with a little of what is around it."""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

from data_manifest.record import Mask, Picture


class Region(NamedTuple):
    """One foreground that is seen.

    ``box`` are its rows and columns with a margin, cut at the frame; ``mask``, (h, w) bool, is
    where within them it is seen, ``free`` where no foreground is.
    """

    box: tuple[slice, slice]
    mask: Mask
    free: Mask

    def ring(self, width: int) -> Mask:
        """Where within the box no foreground is, at most ``width`` pixels from this one."""
        kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
        near = cv2.dilate(self.mask.view(np.uint8), kernel)
        return np.asarray((near > 0) & self.free)


def regions(mask: Mask, instance: Picture | None, margin: int) -> Iterator[Region]:
    """The foregrounds of a sample that are seen.

    ``mask`` (H, W) bool; ``instance`` (H, W) uint8, the number of each pixel's foreground, None
    where there is one. ``margin`` in pixels.
    """
    if instance is None:
        parts = [mask] if mask.any() else []
    else:
        parts = [instance == number for number in np.unique(instance[mask]) if number]
    for part in parts:
        left, top, width, height = cv2.boundingRect(part.view(np.uint8))
        rows = slice(max(top - margin, 0), top + height + margin)
        columns = slice(max(left - margin, 0), left + width + margin)
        yield Region((rows, columns), part[rows, columns], ~mask[rows, columns])
