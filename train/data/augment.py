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
from train.data.curves import UNBENT, Curve

GAIN, GAMMA = 0.2, 0.2
"""How far the curve of both pictures' colours goes, see ``Curve.drawn``."""
FITS_SHARE = 0.6
"""How often the background fits exactly, as a dataset's own does, and nothing else is added."""
BG_GAIN, BG_GAMMA, BG_COLOUR_SHARE = 0.08, 0.08, 0.8
"""How far the background's goes on alone, and how often."""
BG_TURN_DEGREES, BG_SHIFT, BG_MOVE_SHARE = 1.0, 0.01, 0.3
"""The background alone is turned and shifted by up to that share of the side, and how often."""
NOISE, NOISE_SHARE, NOISE_VALUES = 8, 0.4, 2**19
"""Greatest standard deviation of noise in levels of 255, and how often a picture gets it.

It is read from so many values, beginning anywhere: drawing it anew would take longer than the rest.
"""
SHADOW_DEPTH, SHADOW_SHARE = (0.2, 0.6), 0.3
"""How much a foreground's shadow darkens, and how often there is one."""
SHADOW_STEP = 4  # pixels of a picture to one of the shadow, which is soft anyway


def vary(shown: Shown, augment: Augment, drawn_from: tuple[int, int, int]) -> None:
    """Vary a sample where it lies, as ``drawn_from``, (seed, epoch, plan index), decides.

    Its colours are left as they are, and their curves written.
    """
    if augment == "none":
        shown.curves[:] = UNBENT
        return
    seed, epoch, index = drawn_from
    rng = np.random.Generator(np.random.Philox(key=[seed, epoch], counter=[0, 0, 0, index + 1]))
    bg, fg_bg, mask = shown.bg, shown.fg_bg, shown.mask
    if rng.random() < 0.5:
        _mirror(shown)
    fits = augment == "plain" or rng.random() < FITS_SHARE
    if not fits:
        _shade(fg_bg, mask, rng)
    curve = bg_curve = Curve.drawn(rng, GAIN, GAMMA)
    if not fits:
        if rng.random() < BG_COLOUR_SHARE:
            bg_curve = curve.then(Curve.drawn(rng, BG_GAIN, BG_GAMMA))
        _move(bg, rng)
        _add_noise(bg, rng)
        _add_noise(fg_bg, rng)
    bg_curve.write(shown.curves[0])
    curve.write(shown.curves[1])


def _mirror(shown: Shown) -> None:
    for part in (shown.bg, shown.fg_bg, shown.mask.view(np.uint8), shown.depth):
        cv2.flip(part, 1, part)


def _move(bg: Picture, rng: np.random.Generator) -> None:
    """As if the background's camera had moved a little, now and then."""
    if rng.random() >= BG_MOVE_SHARE:
        return
    height, width = bg.shape[:2]
    turn = cv2.getRotationMatrix2D(
        (width / 2, height / 2), BG_TURN_DEGREES * rng.uniform(-1, 1), 1.0
    )
    shift = BG_SHIFT * rng.uniform(-1, 1, 2) * (width, height)
    moved = turn + np.column_stack([np.zeros((2, 2)), shift])
    # OpenCV takes half the time for four channels that it takes for three.
    four = cv2.cvtColor(bg, cv2.COLOR_RGB2RGBA)
    four = cv2.warpAffine(four, moved, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    cv2.cvtColor(four, cv2.COLOR_RGBA2RGB, bg)


def _add_noise(picture: Picture, rng: np.random.Generator) -> None:
    if rng.random() >= NOISE_SHARE:
        return
    deviation, begins = rng.integers((1, 0), (NOISE, NOISE_VALUES), endpoint=True).tolist()
    brighter, darker = (
        part[begins : begins + picture.size].reshape(picture.shape)
        for part in _noise(deviation, picture.size)
    )
    cv2.add(picture, brighter, picture)
    cv2.subtract(picture, darker, picture)


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


def _shade(fg_bg: Picture, mask: Mask, rng: np.random.Generator) -> None:
    """A soft shadow of the foreground, shifted and blurred, on what isn't foreground."""
    if rng.random() >= SHADOW_SHARE or not mask.any():
        return
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
    cv2.multiply(fg_bg, light, fg_bg, scale=1 / 255)
