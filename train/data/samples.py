"""A dataset's samples, each at the size and with the variation that is asked for."""

import numpy as np

from data_manifest.dataset import Dataset
from data_manifest.depth_stage import DepthEncoding
from data_manifest.errors import DatasetError
from data_manifest.picks import spread
from data_manifest.pictures.copying import copied
from data_manifest.pictures.resizing import resize
from data_manifest.record import MASK_FROM, Depth, Mask, Size
from train.choices import Augment
from train.data.augment import vary
from train.data.batch import Shown, room_for
from train.data.draws import Draw

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
        stored_size = self._dataset.header.size
        aside = None if draw.size == stored_size else room_for(1, stored_size).part(0)
        for place, record in enumerate(self._dataset.records(self._rows[draw.rows])):
            here = room.part(place)
            self._dataset.read_into(record, *(here if aside is None else aside)[:4])
            if aside is not None:
                _lay_resized(aside, here)
            vary(here, self._augment, (draw.seed, draw.epoch, record.index))
            write_target(here.depth, self._encoding)

    def key_of(self, row: int) -> str:
        """The key of sample number ``row``, for a person."""
        return self._dataset.records(self._rows[[row]])[0].key


def _lay_resized(stored: Shown, room: Shown) -> None:
    """Bring a sample to the size of its room."""
    size = Size.of(room.mask)
    copied(resize(stored.bg, size), room.bg)
    copied(resize(stored.fg_bg, size), room.fg_bg)
    copied(resize_mask(stored.mask, size), room.mask)
    copied(resize(stored.depth, size), room.depth)


def resize_mask(mask: Mask, size: Size) -> Mask:
    """(H, W) bool at another size: True where at least half of the pixel is."""
    if Size.of(mask) == size:
        return mask
    return np.asarray(resize(mask.view(np.uint8) * np.uint8(255), size) >= MASK_FROM)


def write_target(depth: Depth, encoding: DepthEncoding) -> None:
    """Make depth in its unit the training target, where it lies.

    Raises DatasetError where it isn't within [0, 1].
    """
    encoding.write_target(depth)
    low, high = float(depth.min()), float(depth.max())
    if not (low >= -TOLERANCE and high <= 1 + TOLERANCE):
        raise DatasetError(f"Depth targets reach from {low:.4g} to {high:.4g}, not within [0, 1].")
