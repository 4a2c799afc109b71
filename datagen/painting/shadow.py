"""A soft contact shadow: what stands on the ground darkens it where they touch."""

import cv2
import numpy as np

from data_manifest.record import Picture, Placement
from datagen.painting.frame import overlap, padded

_FLATTENED = 0.15  # height of the shadow as a share of the foreground's
_SOFTNESS = 0.05  # blur as a share of its longer side


def cast(canvas: Picture, matte: Picture, placement: Placement, darkness: float) -> None:
    """Darken ``canvas``, (H, W, 3) uint8, under a placed foreground, in place.

    ``matte`` is its alpha, (height, width) uint8, flattened to the ground at the box's lower edge
    and blurred; ``darkness`` is the share of light that the middle of the shadow loses.
    """
    blur = max(1.0, _SOFTNESS * max(matte.shape))
    margin = int(np.ceil(3 * blur))
    flat_height = max(2, round(_FLATTENED * matte.shape[0]))
    flat = cv2.resize(matte, (matte.shape[1], flat_height), interpolation=cv2.INTER_AREA)
    wide = padded(flat.astype(np.uint8, copy=False), margin, cv2.BORDER_CONSTANT)
    shade = cv2.GaussianBlur(wide, (0, 0), blur)
    top = placement.y + placement.height - flat_height * 3 // 4 - margin
    rows, shade_rows = overlap(top, shade.shape[0], canvas.shape[0])
    columns, shade_columns = overlap(placement.x - margin, shade.shape[1], canvas.shape[1])
    light = 1 - darkness / 255 * shade[shade_rows, shade_columns].astype(np.float32)
    region = canvas[rows, columns]
    region[:] = np.rint(region * light[..., None])
