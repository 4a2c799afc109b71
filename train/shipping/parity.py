"""Whether an exported student answers as it does in torch, on real pictures."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from data_manifest.dataset import Dataset
from data_manifest.depth_stage import DepthEncoding
from data_manifest.errors import WeightsError
from data_manifest.record import Size
from train.data.draws import as_stored
from train.data.loader import Loader
from train.data.samples import Samples
from train.shipping.photograph import photograph_pair
from train.shipping.variants import Pair, Variant, pictures_of

TOLERANCE = 1e-4
PAIRS, BATCH = 16, 3


class Parity(NamedTuple):
    """The greatest differences of an engine from torch: of mask probability and depth target."""

    engine: str
    mask: float
    depth: float

    def __str__(self) -> str:
        return f"{self.engine} by {self.mask:.1e} (mask) and {self.depth:.1e} (depth target)"


def real_pairs(dataset: Dataset | None, size: Size) -> list[Pair]:
    """Samples, spread evenly over a dataset, in batches of different lengths.

    Where there is no dataset, pairs that are made of a photograph.
    """
    if dataset is None:
        bg, fg_bg = photograph_pair(size, PAIRS)
        starts = range(0, PAIRS, BATCH)
        return [(bg[start : start + BATCH], fg_bg[start : start + BATCH]) for start in starts]
    samples = Samples(dataset, PAIRS)
    draws = as_stored(np.arange(len(samples)), BATCH, size)
    return [pictures_of(batch) for batch in Loader(samples, 0).batches(draws)]


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
