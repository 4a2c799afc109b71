"""A soft contact shadow: what stands on the ground darkens it where they touch."""

import cv2
import numpy as np

from data_manifest.record import Picture, Placement
from datagen.drawing.frame import Box, overlap, padded

_FLATTENED = 0.15  # height of the shadow as a share of the foreground's
_SOFTNESS = 0.05  # blur as a share of its longer side


def shadow_box(placement: Placement) -> Box:
    """Where the shadow of a placed foreground may darken anything."""
    _, margin, flat = _extents(placement)
    top = placement.y + placement.height - flat * 3 // 4 - margin
    left = placement.x - margin
    return left, top, left + placement.width + 2 * margin, top + flat + 2 * margin


def _extents(placement: Placement) -> tuple[float, int, int]:
    """A shadow's blur, the margin that the blur needs, and its height before it is blurred."""
    blur = max(1.0, _SOFTNESS * max(placement.width, placement.height))
    return blur, int(np.ceil(3 * blur)), max(2, round(_FLATTENED * placement.height))


def cast(
    canvas: Picture,
    corner: tuple[int, int],
    matte: Picture,
    placement: Placement,
    darkness: float,
) -> None:
    """Darken ``canvas``, (h, w, 3) uint8, under a placed foreground, in place.

    ``corner`` (left, top) is where the canvas lies in the frame. ``matte`` is the foreground's
    alpha, (height, width) uint8, flattened to the ground at the box's lower edge and blurred;
    ``darkness`` is the share of light that the middle of the shadow loses.
    """
    blur, margin, flat_height = _extents(placement)
    flat = cv2.resize(matte, (matte.shape[1], flat_height), interpolation=cv2.INTER_AREA)
    wide = padded(flat.astype(np.uint8, copy=False), margin, cv2.BORDER_CONSTANT)
    shade = cv2.GaussianBlur(wide, (0, 0), blur)
    left, top, _, _ = shadow_box(placement)
    rows, shade_rows = overlap(top - corner[1], shade.shape[0], canvas.shape[0])
    columns, shade_columns = overlap(left - corner[0], shade.shape[1], canvas.shape[1])
    light = 1 - darkness / 255 * shade[shade_rows, shade_columns].astype(np.float32)
    region = canvas[rows, columns]
    region[:] = np.rint(region * light[..., None])
