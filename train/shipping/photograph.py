"""Pairs made of a photograph, for where no dataset is needed, or none is left."""

from pathlib import Path

import matplotlib.cbook
import numpy as np

from data_manifest.pictures.decoding import decode_upright
from data_manifest.pictures.resizing import resize
from data_manifest.record import Size
from train.shipping.variants import Pair

NAME = "grace_hopper.jpg"
"""By the US Navy, in the public domain; matplotlib brings it."""


def photograph_pair(size: Size, count: int = 1) -> Pair:
    """``bg`` and ``fg_bg``, (count, 3, H, W): it is shifted each time, and a part turned over."""
    file = Path(matplotlib.cbook.get_sample_data(NAME, asfileobj=False))
    pixels = resize(decode_upright(file.read_bytes(), "RGB"), size)
    picture = pixels.astype(np.float32) / np.float32(255)
    shifts = np.arange(count) * size.width // count
    bg = np.stack([np.roll(picture, shift, axis=1).transpose(2, 0, 1) for shift in shifts])
    fg_bg, rows, columns = bg.copy(), size.height // 4, size.width // 2
    fg_bg[:, :, rows:-rows, :columns] = bg[:, :, -rows - 1 : rows - 1 : -1, :columns]
    return bg, fg_bg
