"""A dataset's samples, each at the size and with the variation that is asked for."""

import numpy as np

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError
from data_manifest.header import DepthEncoding
from data_manifest.picks import spread
from data_manifest.pictures.resizing import resize
from data_manifest.record import MASK_FROM, Depth, Mask, Size
from train.choices import Augment
from train.data.augment import vary
from train.data.batch import Shown
from train.data.order import Draw

TOLERANCE = 1e-6


class Samples:
    """A dataset's samples by :class:`Draw`; ``limit`` takes so many, spread evenly.

    What a draw shows of a sample depends on nothing but its index in the plan, and on the draw's
    seed, epoch and size. Raises DatasetError for targets outside [0, 1].
    """

    def __init__(
        self, dataset: Dataset, limit: int | None = None, augment: Augment = "none"
    ) -> None:
        self._dataset, self._augment = dataset, augment
        self._encoding = dataset.depth_encoding
        self._rows = spread(len(dataset), limit)

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, draw: Draw, room: Shown) -> None:
        """Read the samples of a draw into arrays that have room for them."""
        for place, row in enumerate(self._rows[draw.rows].tolist()):
            shown = self._shown(row, draw)
            room.bg[place], room.fg_bg[place], room.mask[place] = shown[:3]
            write_target(shown.depth, self._encoding, room.depth[place])

    def _shown(self, row: int, draw: Draw) -> Shown:
        """One sample; its depth is still in its unit."""
        sample = self._dataset[row]
        if sample.depth is None:
            raise DatasetError(
                f"Sample {sample.record.key} has no depth; run `depthgen run` again."
            )
        shown = Shown(
            resize(sample.bg, draw.size),
            resize(sample.fg_bg, draw.size),
            resize_mask(sample.mask, draw.size),
            resize(sample.depth, draw.size),
        )
        drawn_from = (draw.seed, draw.epoch, sample.record.index)
        return vary(shown, self._augment, drawn_from)

    def key_of(self, row: int) -> str:
        """The key of sample number ``row``, for a person."""
        index = self._dataset.rows[self._rows[row]]
        return next(iter(self._dataset.plan.records(np.array([index])))).key


def resize_mask(mask: Mask, size: Size) -> Mask:
    """(H, W) bool at another size: True where at least half of the pixel is."""
    if Size.of(mask) == size:
        return mask
    return np.asarray(resize(mask.view(np.uint8) * np.uint8(255), size) >= MASK_FROM)


def write_target(depth: Depth, encoding: DepthEncoding, out: Depth) -> None:
    """Depth in its unit as the training target, into ``out``, of the same shape.

    Raises DatasetError where it isn't within [0, 1].
    """
    encoding.write_target(depth, out)
    low, high = float(out.min()), float(out.max())
    if not (low >= -TOLERANCE and high <= 1 + TOLERANCE):
        raise DatasetError(f"Depth targets reach from {low:.4g} to {high:.4g}, not within [0, 1].")
