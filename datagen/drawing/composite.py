"""Drawing one sample: every foreground warped, blended and masked within its own region.

Pictures are uint8 in OpenCV's channel order; cut-outs carry premultiplied alpha throughout.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from data_manifest.record import Picture, Placement, Size
from datagen.drawing.blend import BLENDS, Look, tint
from datagen.drawing.frame import Area, Box, around, overlap, whole
from datagen.drawing.shadow import cast, shadow_box
from datagen.drawing.warp import Cutout, warp


class Drawing(NamedTuple):
    """A drawn sample: fg_bg, (h, w, 3) uint8 BGR, and mask, (H, W) uint8, 0 or 255.

    ``fg_bg`` is of the area that was asked for, all else of the whole frame. ``instance`` is the
    number of the labelled foreground seen, 0 for none; bit k of ``amodal`` is labelled foreground
    k + 1 as if nothing hid it; both (H, W) uint8, None where not asked for.
    """

    fg_bg: Picture
    mask: Picture
    instance: Picture | None = None
    amodal: Picture | None = None


def touched(placements: Iterable[Placement], look: Look) -> Box:
    """The box outside of which these foregrounds leave the background as it is."""
    boxes: list[Box] = []
    for at in placements:
        boxes.append((at.x, at.y, at.x + at.width, at.y + at.height))
        if look.shadow:
            boxes.append(shadow_box(at))
    return around(boxes)


def composite(
    background: Picture,
    layers: Sequence[tuple[Cutout, Placement]],
    look: Look,
    area: Area | None = None,
) -> Drawing:
    """Draw foregrounds over a background in their order.

    A foreground's mask is where its final alpha is at least ``look.mask_threshold``; the mask of
    the sample is where a labelled one is seen. With ``area``, which must hold all that is
    ``touched``, only that part of fg_bg is drawn; its pixels are the same.
    """
    rows, columns = area or whole(background)
    canvas = _Canvas(
        background[rows, columns].copy(), columns.start, rows.start, Size.of(background)
    )
    if not look.maps:
        mask = np.zeros(background.shape[:2], np.uint8)
        for cutout, placement in layers:
            final, region = canvas.draw(cutout, placement, look)
            seen = mask[region]
            cv2.threshold(final, look.mask_threshold - 1, 255, cv2.THRESH_BINARY, dst=seen)
        return Drawing(canvas.pixels, mask)
    instance, amodal = np.zeros((2, *background.shape[:2]), np.uint8)
    labelled = 0
    for cutout, placement in layers:
        final, region = canvas.draw(cutout, placement, look)
        opaque = final >= look.mask_threshold
        labelled += placement.labelled
        instance[region][opaque] = labelled if placement.labelled else 0
        if placement.labelled:
            amodal[region][opaque] |= 1 << (labelled - 1)
    return Drawing(canvas.pixels, np.where(instance, 255, 0).astype(np.uint8), instance, amodal)


class _Canvas(NamedTuple):
    """The part of a frame that is drawn on, and where its corner lies in the frame."""

    pixels: Picture
    left: int
    top: int
    frame: Size

    def draw(self, cutout: Cutout, placement: Placement, look: Look) -> tuple[Picture, Area]:
        """Draw one foreground; gives its final alpha within the frame, and where that is."""
        placed = warp(cutout, placement, self.frame)
        if (placement.red, placement.green, placement.blue) != (1, 1, 1):
            placed = tint(placed, (placement.blue, placement.green, placement.red))
        if look.shadow:
            cast(self.pixels, (self.left, self.top), placed[..., 3], placement, look.shadow)
        height, width = self.pixels.shape[:2]
        rows, placed_rows = overlap(placement.y - self.top, placement.height, height)
        columns, placed_columns = overlap(placement.x - self.left, placement.width, width)
        region = self.pixels[rows, columns]
        final = BLENDS[placement.blend](region, placed[placed_rows, placed_columns], look)
        return final, (
            slice(rows.start + self.top, rows.stop + self.top),
            slice(columns.start + self.left, columns.stop + self.left),
        )
