"""A dataset's samples, each at the size and with the variation that is asked for."""

import numpy as np
import numpy.typing as npt
from torch.utils import data

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


class Samples(data.Dataset[Shown]):
    """A dataset's samples by :class:`Draw`; ``limit`` takes so many, spread evenly.

    What a draw gives depends on nothing but the sample's index in the plan, and on the draw. Raises
    DatasetError for targets outside [0, 1].
    """

    def __init__(
        self, dataset: Dataset, limit: int | None = None, augment: Augment = "none"
    ) -> None:
        self._dataset, self._augment = dataset, augment
        self._encoding = dataset.depth_encoding
        self._rows = spread(len(dataset), limit)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, draw: Draw) -> Shown:
        sample = self._dataset[int(self._rows[draw.row])]
        if sample.depth is None:
            raise DatasetError(
                f"Sample {sample.record.key} has no depth; run `depthgen run` again."
            )
        shown = Shown(
            resize(sample.bg, draw.size),
            resize(sample.fg_bg, draw.size),
            resize_mask(sample.mask, draw.size),
            depth_target(resize(sample.depth, draw.size), self._encoding),
        )
        drawn_from = (draw.seed, draw.epoch, sample.record.index)
        return vary(shown, self._augment, drawn_from)

    def key_of(self, row: int) -> str:
        """The key of sample number ``row``, for a person."""
        index = self._dataset.rows[self._rows[row]]
        return next(iter(self._dataset.plan.records(np.array([index])))).key


def resize_mask(mask: Mask, size: Size) -> Mask:
    """(H, W) bool at another size: True where at least half of the pixel is."""
    return np.asarray(resize(mask.view(np.uint8) * np.uint8(255), size) >= MASK_FROM)


def depth_target(depth: npt.NDArray[np.generic], encoding: DepthEncoding) -> Depth:
    """Depth in its unit to the training target. Raises DatasetError where it leaves [0, 1]."""
    target = encoding.to_target(depth.astype(np.float32))
    low, high = float(target.min()), float(target.max())
    if not (low >= -TOLERANCE and high <= 1 + TOLERANCE):
        raise DatasetError(f"Depth targets reach from {low:.4g} to {high:.4g}, not within [0, 1].")
    return np.asarray(target, np.float32)
