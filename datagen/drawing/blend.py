"""Ways to join a placed foreground to the background; each changes the region in place.

A region is (h, w, 3) uint8 BGR of the composite, a placed foreground (h, w, 4) uint8 premultiplied
BGR and alpha. Each gives the final alpha, (h, w) uint8, from which the mask is cut.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import cv2
import numpy as np

from data_manifest.record import MASK_FROM, Picture
from datagen.drawing.frame import padded

_PAD = 4  # pixels around a region that Poisson blending needs at the frame's border


class Look(NamedTuple):
    """What the whole dataset's blending has in common, see the recipe's options."""

    mask_threshold: int = MASK_FROM
    feather: float = 2.0
    shadow: float = 0.0
    maps: bool = False


def alpha(region: Picture, placed: Picture, look: Look) -> Picture:  # noqa: ARG001
    """foreground + (1 - alpha) x background, within one level (Porter and Duff 1984, "over")."""
    matte = cv2.extractChannel(placed, 3)
    clear = cv2.cvtColor(cv2.bitwise_not(matte), cv2.COLOR_GRAY2BGR)
    cv2.multiply(region, clear, dst=region, scale=1 / 255)
    cv2.add(region, cv2.cvtColor(placed, cv2.COLOR_BGRA2BGR), dst=region)
    return matte  # type: ignore[return-value]


def hard(region: Picture, placed: Picture, look: Look) -> Picture:
    """The foreground's own colour where the mask is, the background elsewhere: no soft edge."""
    matte = placed[..., 3].astype(np.uint16)[..., None]
    straight = (placed[..., :3].astype(np.uint16) * 255 + matte // 2) // np.maximum(matte, 1)
    inside = placed[..., 3] >= look.mask_threshold
    region[inside] = np.minimum(straight[inside], 255)
    return np.where(inside, 255, 0).astype(np.uint8)


def feather(region: Picture, placed: Picture, look: Look) -> Picture:
    """Over, with alpha that falls off inside the edge across about ``look.feather`` pixels."""
    matte = placed[..., 3]
    soft = cv2.GaussianBlur(matte, (0, 0), look.feather / 2, borderType=cv2.BORDER_CONSTANT)
    inward = np.maximum(soft.astype(np.int16) * 2 - 255, 0).astype(np.uint8)
    faded = cv2.multiply(placed, cv2.merge([inward] * 4), scale=1 / 255)
    return alpha(region, faded.astype(np.uint8, copy=False), look)


def poisson(region: Picture, placed: Picture, look: Look) -> Picture:
    """Gradients of the foreground on the background's colours (Pérez et al. 2003).

    OpenCV's seamlessClone centres the mask's bounding box on a point and fails at borders, so the
    region is padded, the point computed from the box, and the mask a copy. A mask too small to have
    an inside is joined by ``alpha``.
    """
    opaque = (placed[..., 3] >= look.mask_threshold).astype(np.uint8) * 255
    left, top, width, height = cv2.boundingRect(opaque)
    if min(width, height) < 3:
        return alpha(region, placed, look)
    foreground = region.copy()
    alpha(foreground, placed, look)
    source, target = (padded(part, _PAD, cv2.BORDER_REPLICATE) for part in (foreground, region))
    mask = padded(opaque, _PAD, cv2.BORDER_CONSTANT)
    middle = (left + _PAD + width // 2, top + _PAD + height // 2)
    joined = cv2.seamlessClone(source, target, mask, middle, cv2.NORMAL_CLONE)
    inside = opaque > 0
    region[inside] = joined[_PAD:-_PAD, _PAD:-_PAD][inside]
    return opaque


BLENDS: Mapping[str, Callable[[Picture, Picture, Look], Picture]] = {
    "alpha": alpha,
    "hard": hard,
    "feather": feather,
    "poisson": poisson,
}


def tint(placed: Picture, gains: tuple[float, float, float]) -> Picture:
    """The placed foreground with its blue, green and red multiplied; alpha stays."""
    changed = cv2.multiply(placed, np.array([*gains, 1.0]))
    return cv2.min(changed, cv2.merge([placed[..., 3]] * 4))  # type: ignore[return-value]
