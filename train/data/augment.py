"""Variations of a sample that leave its labels true, drawn from seed, epoch and plan index alone.

Whatever shows the sample, the variation is the same: which process, which batch and on which device
make no difference. The part for the given background is that of Lin et al. 2021, "Real-Time High-
Resolution Background Matting" (BackgroundMattingV2): a photo of the empty scene never fits exactly.
"""

import cv2
import numpy as np

from data_manifest.record import Mask, Picture
from train.choices import Augment
from train.data.batch import Shown

GAIN, GAMMA = 0.2, 0.2
"""A colour channel is multiplied by 1 - GAIN to 1 + GAIN, all raised to 1 - GAMMA to 1 + GAMMA."""
BG_GAIN, BG_GAMMA, BG_COLOUR_SHARE = 0.08, 0.08, 0.8
"""The same of the background alone, and how often."""
BG_TURN_DEGREES, BG_SHIFT, BG_MOVE_SHARE = 1.0, 0.01, 0.3
"""The background alone is turned and shifted by up to that share of the side, and how often."""
NOISE, NOISE_SHARE = 8.0, 0.4
"""Greatest standard deviation of noise in levels of 255, and how often a picture gets it."""
SHADOW_DEPTH, SHADOW_SHARE = (0.2, 0.6), 0.3
"""How much a foreground's shadow darkens, and how often there is one."""


def vary(shown: Shown, augment: Augment, drawn_from: tuple[int, int, int]) -> Shown:
    """A sample varied; ``drawn_from`` is (seed, epoch, plan index), and decides everything."""
    if augment == "none":
        return shown
    seed, epoch, index = drawn_from
    rng = np.random.Generator(np.random.Philox(key=[seed, epoch], counter=[0, 0, 0, index + 1]))
    bg, fg_bg, mask, depth = _mirrored(shown) if rng.random() < 0.5 else shown
    if augment == "full":
        fg_bg = _shaded(fg_bg, mask, rng)
    table = _colour_table(rng, GAIN, GAMMA)
    bg, fg_bg = _recoloured(bg, table), _recoloured(fg_bg, table)
    if augment == "full":
        bg, fg_bg = _noisy(_jittered(bg, rng), rng), _noisy(fg_bg, rng)
    return Shown(bg, fg_bg, mask, depth)


def _colour_table(rng: np.random.Generator, gain: float, gamma: float) -> Picture:
    """(1, 256, 3) uint8: what becomes of each level of each colour."""
    gains = 1 + gain * rng.uniform(-1, 1, 3)
    power = 1 + gamma * rng.uniform(-1, 1)
    level = np.arange(256)[:, None] / 255
    return np.asarray(255 * np.clip(level * gains, 0, 1) ** power + 0.5, np.uint8)[None]


def _mirrored(shown: Shown) -> Shown:
    bg, fg_bg, mask, depth = shown
    return Shown(
        np.ascontiguousarray(bg[:, ::-1]),
        np.ascontiguousarray(fg_bg[:, ::-1]),
        np.ascontiguousarray(mask[:, ::-1]),
        np.ascontiguousarray(depth[:, ::-1]),
    )


def _recoloured(picture: Picture, table: Picture) -> Picture:
    return np.asarray(cv2.LUT(picture, table), np.uint8)


def _jittered(bg: Picture, rng: np.random.Generator) -> Picture:
    """A background that doesn't fit exactly: other exposure, and a camera that moved a little."""
    if rng.random() < BG_COLOUR_SHARE:
        bg = _recoloured(bg, _colour_table(rng, BG_GAIN, BG_GAMMA))
    if rng.random() < BG_MOVE_SHARE:
        height, width = bg.shape[:2]
        turn = cv2.getRotationMatrix2D(
            (width / 2, height / 2), BG_TURN_DEGREES * rng.uniform(-1, 1), 1.0
        )
        shift = BG_SHIFT * rng.uniform(-1, 1, 2) * (width, height)
        moved = turn + np.column_stack([np.zeros((2, 2)), shift])
        bg = np.asarray(
            cv2.warpAffine(bg, moved, (width, height), borderMode=cv2.BORDER_REFLECT_101), np.uint8
        )
    return bg


def _noisy(picture: Picture, rng: np.random.Generator) -> Picture:
    if rng.random() >= NOISE_SHARE:
        return picture
    noise = rng.standard_normal(picture.shape, np.float32) * np.float32(NOISE * rng.random())
    return np.asarray(np.clip(picture + noise, 0, 255) + np.float32(0.5), np.uint8)


def _shaded(fg_bg: Picture, mask: Mask, rng: np.random.Generator) -> Picture:
    """A soft shadow of the foreground, shifted and blurred, on what isn't foreground."""
    if rng.random() >= SHADOW_SHARE or not mask.any():
        return fg_bg
    height, width = mask.shape
    reach = max(height, width) * rng.uniform(0.02, 0.1)
    across, down = reach * rng.uniform(-1, 1), reach * rng.uniform(0, 1)
    move = np.array([[1, 0, across], [0, 1, down]])
    shadow = cv2.warpAffine(mask.astype(np.float32), move, (width, height))
    shadow = cv2.GaussianBlur(shadow, (0, 0), reach * rng.uniform(0.3, 1))
    light = 1 - rng.uniform(*SHADOW_DEPTH) * shadow * ~mask
    return np.asarray(fg_bg * light[..., None] + 0.5, np.uint8)
