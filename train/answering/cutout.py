"""What a student cuts out of a composite: its foreground, alone."""

import numpy as np
import numpy.typing as npt

from data_manifest.record import Mask, Picture

GREEN = (0, 177, 64)
"""Behind a cut-out where there is no transparency, as in studios; RGB."""


def cutout(fg_bg: Picture, probability: npt.NDArray[np.float32], mask: Mask) -> Picture:
    """The composite's colours with the probability as alpha, (H, W, 4) uint8 RGBA, not
    premultiplied; all is 0 outside the mask."""
    alpha = np.rint(probability * 255).astype(np.uint8)
    rgba = np.concatenate([fg_bg, alpha[..., None]], axis=2)
    rgba[~mask] = 0
    return rgba


def on_green(rgba: Picture) -> Picture:
    """A cut-out on plain green, (H, W, 3) uint8 RGB."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    mixed = rgba[..., :3] * alpha + np.array(GREEN, np.float32) * (1 - alpha)
    return np.rint(mixed).astype(np.uint8)
