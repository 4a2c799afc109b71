"""Variations of a sample that leave its labels true, drawn from seed, epoch and plan index alone.

Whatever shows the sample, the variation is the same: which process, which batch and on which device
make no difference. The part for the given background is that of Lin et al. 2021, "Real-Time High-
Resolution Background Matting" (BackgroundMattingV2): a photo of the empty scene never fits exactly.
"""

from functools import cache

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
NOISE, NOISE_SHARE, NOISE_VALUES = 8, 0.4, 2**19
"""Greatest standard deviation of noise in levels of 255, and how often a picture gets it.

It is read from so many values, beginning anywhere: drawing it anew would take longer than the rest.
"""
SHADOW_DEPTH, SHADOW_SHARE = (0.2, 0.6), 0.3
"""How much a foreground's shadow darkens, and how often there is one."""
SHADOW_STEP = 4  # pixels of a picture to one of the shadow, which is soft anyway
_LEVELS = np.arange(256, dtype=np.float32)[:, None] / 255


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
    fg_bg = _recoloured(fg_bg, table)
    if augment == "full" and rng.random() < BG_COLOUR_SHARE:
        table = _then(table, _colour_table(rng, BG_GAIN, BG_GAMMA))
    bg = _recoloured(bg, table)
    if augment == "full":
        bg, fg_bg = _noisy(_moved(bg, rng), rng), _noisy(fg_bg, rng)
    return Shown(bg, fg_bg, mask, depth)


def _colour_table(rng: np.random.Generator, gain: float, gamma: float) -> Picture:
    """(1, 256, 3) uint8: what becomes of each level of each colour."""
    gains = 1 + gain * rng.uniform(-1, 1, 3)
    power = 1 + gamma * rng.uniform(-1, 1)
    levels = np.minimum(_LEVELS * gains.astype(np.float32), 1) ** np.float32(power)
    return np.asarray(255 * levels + np.float32(0.5), np.uint8)[None]


def _mirrored(shown: Shown) -> Shown:
    return Shown(
        np.asarray(cv2.flip(shown.bg, 1), np.uint8),
        np.asarray(cv2.flip(shown.fg_bg, 1), np.uint8),
        np.asarray(cv2.flip(shown.mask.view(np.uint8), 1), np.uint8).view(np.bool_),
        np.asarray(cv2.flip(shown.depth, 1), np.float32),
    )


def _recoloured(picture: Picture, table: Picture) -> Picture:
    return np.asarray(cv2.LUT(picture, table), np.uint8)


def _then(first: Picture, second: Picture) -> Picture:
    """The table of two tables, one after the other."""
    return np.asarray(cv2.LUT(first, second), np.uint8)


def _moved(bg: Picture, rng: np.random.Generator) -> Picture:
    """A background whose camera moved a little, now and then."""
    if rng.random() >= BG_MOVE_SHARE:
        return bg
    height, width = bg.shape[:2]
    turn = cv2.getRotationMatrix2D(
        (width / 2, height / 2), BG_TURN_DEGREES * rng.uniform(-1, 1), 1.0
    )
    shift = BG_SHIFT * rng.uniform(-1, 1, 2) * (width, height)
    moved = turn + np.column_stack([np.zeros((2, 2)), shift])
    # OpenCV takes half the time for four channels that it takes for three.
    four = cv2.cvtColor(bg, cv2.COLOR_RGB2RGBA)
    four = cv2.warpAffine(four, moved, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(cv2.cvtColor(four, cv2.COLOR_RGBA2RGB), np.uint8)


def _noisy(picture: Picture, rng: np.random.Generator) -> Picture:
    if rng.random() >= NOISE_SHARE:
        return picture
    deviation, begins = rng.integers((1, 0), (NOISE, NOISE_VALUES), endpoint=True).tolist()
    brighter, darker = (
        part[begins : begins + picture.size].reshape(picture.shape)
        for part in _noise(deviation, picture.size)
    )
    return np.asarray(cv2.subtract(cv2.add(picture, brighter), darker), np.uint8)


@cache
def _noise(deviation: int, more: int) -> tuple[Picture, Picture]:
    """Normally distributed values, those above 0 and the others' amounts, the same everywhere.

    NOISE_VALUES of them and ``more`` that repeat them. As bytes, they are added in a twentieth of
    the time that floats take.
    """
    rng = np.random.Generator(np.random.Philox(key=[0, 0]))
    values = np.rint(deviation * rng.standard_normal(NOISE_VALUES, np.float32))
    values = np.resize(values, NOISE_VALUES + more)
    return np.maximum(values, 0).astype(np.uint8), np.maximum(-values, 0).astype(np.uint8)


def _shaded(fg_bg: Picture, mask: Mask, rng: np.random.Generator) -> Picture:
    """A soft shadow of the foreground, shifted and blurred, on what isn't foreground."""
    if rng.random() >= SHADOW_SHARE or not mask.any():
        return fg_bg
    height, width = mask.shape
    reach = max(height, width) * rng.uniform(0.02, 0.1)
    across, down = reach * rng.uniform(-1, 1), reach * rng.uniform(0, 1)
    small = 1 / SHADOW_STEP
    move = np.array([[small, 0, across * small], [0, small, down * small]])
    size = -(-width // SHADOW_STEP), -(-height // SHADOW_STEP)
    shadow = cv2.warpAffine(mask.view(np.uint8) * np.uint8(255), move, size)
    shadow = cv2.GaussianBlur(shadow, (0, 0), max(reach * rng.uniform(0.3, 1) * small, 0.5))
    shadow = cv2.convertScaleAbs(shadow, alpha=rng.uniform(*SHADOW_DEPTH))
    light = cv2.bitwise_not(cv2.resize(shadow, (width, height)) * ~mask)
    light = cv2.cvtColor(light, cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.multiply(fg_bg, light, scale=1 / 255), np.uint8)
