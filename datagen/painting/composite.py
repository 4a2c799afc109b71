"""Drawing one sample: every foreground warped, blended and masked within its own region.

Pictures are uint8 in OpenCV's channel order; cut-outs carry premultiplied alpha throughout.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from data_manifest.record import Picture, Placement
from datagen.painting.blend import BLENDS, Look, tint
from datagen.painting.frame import overlap
from datagen.painting.shadow import cast
from datagen.painting.warp import Cutout, warp


class Drawing(NamedTuple):
    """A drawn sample: fg_bg, (H, W, 3) uint8 BGR, and mask, (H, W) uint8, 0 or 255.

    ``instance`` is the number of the labelled foreground seen, 0 for none; bit k of ``amodal`` is
    labelled foreground k + 1 as if nothing hid it; both (H, W) uint8, None where not asked for.
    """

    fg_bg: Picture
    mask: Picture
    instance: Picture | None = None
    amodal: Picture | None = None


def composite(
    background: Picture, layers: Sequence[tuple[Cutout, Placement]], look: Look
) -> Drawing:
    """Draw foregrounds over a background in their order.

    A foreground's mask is where its final alpha is at least ``look.mask_threshold``; the mask of
    the sample is where a labelled one is seen.
    """
    fg_bg = background.copy()
    if not look.maps:
        mask = np.zeros(background.shape[:2], np.uint8)
        for cutout, placement in layers:
            final, (rows, columns) = _draw(fg_bg, cutout, placement, look)
            seen = mask[rows, columns]
            cv2.threshold(final, look.mask_threshold - 1, 255, cv2.THRESH_BINARY, dst=seen)
        return Drawing(fg_bg, mask)
    instance, amodal = np.zeros((2, *background.shape[:2]), np.uint8)
    labelled = 0
    for cutout, placement in layers:
        final, region = _draw(fg_bg, cutout, placement, look)
        opaque = final >= look.mask_threshold
        labelled += placement.labelled
        instance[region][opaque] = labelled if placement.labelled else 0
        if placement.labelled:
            amodal[region][opaque] |= 1 << (labelled - 1)
    return Drawing(fg_bg, np.where(instance, 255, 0).astype(np.uint8), instance, amodal)


def _draw(
    canvas: Picture, cutout: Cutout, placement: Placement, look: Look
) -> tuple[Picture, tuple[slice, slice]]:
    """Draw one foreground; gives its final alpha within the frame, and where that is."""
    placed = warp(cutout, placement, canvas.shape[0])
    if (placement.red, placement.green, placement.blue) != (1, 1, 1):
        placed = tint(placed, (placement.blue, placement.green, placement.red))
    if look.shadow:
        cast(canvas, placed[..., 3], placement, look.shadow)
    rows, placed_rows = overlap(placement.y, placement.height, canvas.shape[0])
    columns, placed_columns = overlap(placement.x, placement.width, canvas.shape[1])
    region = canvas[rows, columns]
    final = BLENDS[placement.blend](region, placed[placed_rows, placed_columns], look)
    return final, (rows, columns)
