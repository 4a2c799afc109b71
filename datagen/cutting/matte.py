"""What is done to a network's alpha before it cuts anything out."""

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.record import MASK_FROM, Mask, Picture

HAZE_BELOW = 13  # 5 %: too little to see, but enough to keep an object from being trimmed


def clear_haze(alpha: Picture) -> Picture:
    """(H, W) uint8 alpha with 0 where it was under 5 %."""
    return np.where(alpha < HAZE_BELOW, 0, alpha).astype(np.uint8)


def keep_largest(alpha: Picture) -> Picture:
    """(H, W) uint8 alpha with 0 wherever the largest connected piece of its mask isn't.

    Of the soft pixels those stay that hang together with it and are nearer to it than to another.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(_mask(alpha), connectivity=8)
    if count < 2:
        return alpha
    largest = labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()
    others = (labels > 0) & ~largest
    mine = (alpha > 0) & ~others
    if others.any():
        mine &= _distance(largest) <= _distance(others)
    _, pieces = cv2.connectedComponents(mine.astype(np.uint8), connectivity=8)
    return np.where(pieces == pieces[largest][0], alpha, 0).astype(np.uint8)


def covered(alpha: Picture) -> float:
    """Share of the pixels that are mask, in [0, 1]."""
    return float(_mask(alpha).mean())


def _mask(alpha: Picture) -> Picture:
    return (alpha >= MASK_FROM).astype(np.uint8)


def _distance(region: Mask) -> npt.NDArray[np.floating]:
    """How many pixels it is to the nearest True of (H, W) bool."""
    far = cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, 5)
    return far.astype(np.float32, copy=False)
