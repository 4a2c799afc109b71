"""Whether an exported student answers as it does in torch, on real pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib.cbook
import numpy as np

from data_manifest.dataset import Dataset
from data_manifest.errors import WeightsError
from data_manifest.header import DepthEncoding
from data_manifest.pictures.decoding import decode_upright
from data_manifest.pictures.resizing import resize
from data_manifest.record import Size
from train.data.loader import Loader, as_stored
from train.data.samples import Samples
from train.shipping.variants import Pair, Variant, pictures_of

TOLERANCE = 1e-4
PAIRS, BATCH = 16, 3
PHOTOGRAPH = "grace_hopper.jpg"
"""By the US Navy, in the public domain; matplotlib brings it."""


class Parity(NamedTuple):
    """The greatest differences of an engine from torch: of mask probability and depth target."""

    engine: str
    mask: float
    depth: float

    def __str__(self) -> str:
        return f"{self.engine} by {self.mask:.1e} (mask) and {self.depth:.1e} (depth target)"


def sample_pairs(dataset: Dataset, size: Size) -> list[Pair]:
    """Real samples, spread evenly over a dataset, in batches of different lengths."""
    samples = Samples(dataset, PAIRS)
    draws = as_stored(np.arange(len(samples)), BATCH, size)
    return [pictures_of(batch) for batch in Loader(samples, 0).batches(draws)]


def photograph_pairs(size: Size) -> list[Pair]:
    """The same of one photograph, where no dataset is left: shifted, and a part of it upside down.

    In batches of different lengths, as real samples are.
    """
    file = Path(matplotlib.cbook.get_sample_data(PHOTOGRAPH, asfileobj=False))
    picture = resize(decode_upright(file.read_bytes(), "RGB"), size) / np.float32(255)
    shifts = np.arange(PAIRS) * size.width // PAIRS
    bg = np.stack([np.roll(picture, shift, axis=1).transpose(2, 0, 1) for shift in shifts])
    fg_bg, part = bg.copy(), slice(size.height // 4, -(size.height // 4))
    fg_bg[:, :, part, : size.width // 2] = bg[:, :, part, : size.width // 2][:, :, ::-1]
    starts = range(0, PAIRS, BATCH)
    return [(bg[start : start + BATCH], fg_bg[start : start + BATCH]) for start in starts]


def parity(
    variant: Variant, in_torch: Variant, pairs: Sequence[Pair], encoding: DepthEncoding
) -> Parity:
    """How far a form of a student is off the student itself.

    Raises WeightsError where that is more than TOLERANCE, or not a number.
    """
    masks, depths = [], []
    for pair in pairs:
        (mask, depth), (true_mask, true_depth) = variant.answer(*pair), in_torch.answer(*pair)
        masks.append(np.abs(mask - true_mask).max())
        depths.append(np.abs(encoding.to_target(depth) - encoding.to_target(true_depth)).max())
    found = Parity(variant.engine, float(np.max(masks)), float(np.max(depths)))
    if not (found.mask <= TOLERANCE and found.depth <= TOLERANCE):
        raise WeightsError(
            f"The exported student is off torch in {found}, and {TOLERANCE:.0e} is allowed; "
            "nothing was written. Choose another --to, or another student."
        )
    return found
