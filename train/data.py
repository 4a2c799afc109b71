"""Samples as tensors, in an order that a seed decides."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils import data

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError
from data_manifest.header import DepthEncoding
from data_manifest.picks import spread
from data_manifest.pictures.resizing import resize
from data_manifest.record import MASK_FROM, Depth, Mask, Size

TOLERANCE = 1e-6


class Batch(NamedTuple):
    """Inputs and targets.

    As read: ``bg`` and ``fg_bg`` (B, 3, h, w) uint8 RGB, ``mask`` (B, 1, h, w) uint8 0 or 1,
    ``depth`` (B, 1, h, w) float32 target in [0, 1]. After ``as_float`` all are float32 and the
    pictures in [0, 1].
    """

    bg: Tensor
    fg_bg: Tensor
    mask: Tensor
    depth: Tensor

    def as_float(self) -> "Batch":
        """The batch as the network and the losses take it; pictures lie with channels last."""
        bg, fg_bg = (
            (picture.float() / 255).contiguous(memory_format=torch.channels_last)
            for picture in (self.bg, self.fg_bg)
        )
        return Batch(bg, fg_bg, self.mask.float(), self.depth)


class Samples(data.Dataset[Batch]):
    """A dataset's samples, resized to ``size``; raises DatasetError for targets outside [0, 1]."""

    def __init__(self, dataset: Dataset, size: Size, limit: int | None = None) -> None:
        self._dataset, self._size = dataset, size
        self._encoding = dataset.depth_encoding
        self._rows = spread(len(dataset), limit)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Batch:
        sample = self._dataset[int(self._rows[index])]
        if sample.depth is None:
            raise DatasetError(
                f"Sample {sample.record.key} has no depth; run `depthgen run` again."
            )
        mask = resize_mask(sample.mask, self._size)
        target = depth_target(resize(sample.depth, self._size), self._encoding)
        return Batch(
            _channels_first(resize(sample.bg, self._size)),
            _channels_first(resize(sample.fg_bg, self._size)),
            torch.from_numpy(mask.view(np.uint8))[None],
            torch.from_numpy(target)[None],
        )


def resize_mask(mask: Mask, size: Size) -> Mask:
    """(H, W) bool at another size: True where at least half of the pixel is."""
    return np.asarray(resize(mask.view(np.uint8) * np.uint8(255), size) >= MASK_FROM)


def depth_target(depth: npt.NDArray[np.generic], encoding: DepthEncoding) -> Depth:
    """Depth in its unit to the training target. Raises DatasetError where it leaves [0, 1]."""
    target = encoding.to_target(depth.astype(np.float32))
    low, high = float(target.min()), float(target.max())
    if low < -TOLERANCE or high > 1 + TOLERANCE:
        raise DatasetError(f"Depth targets reach from {low:.4g} to {high:.4g}, not within [0, 1].")
    return np.asarray(target, np.float32)


def _channels_first(picture: npt.NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))


class ShuffledByEpoch(data.Sampler[int]):
    """A new order every epoch, decided by seed and epoch alone: a resumed run repeats it."""

    def __init__(self, count: int, seed: int) -> None:
        self._count, self._seed = count, seed
        self.epoch = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        order = np.random.Generator(np.random.Philox(key=[self._seed, self.epoch]))
        return iter(order.permutation(self._count).tolist())


def make_loader(
    samples: Samples, batch_size: int, workers: int, sampler: data.Sampler[int] | None = None
) -> data.DataLoader[Batch]:
    """Batches of samples, in the sampler's order or, without one, as stored."""
    return data.DataLoader(
        samples,
        batch_size=batch_size,
        sampler=sampler,
        num_workers=workers,
        persistent_workers=workers > 0,
        multiprocessing_context="forkserver" if workers else None,
        pin_memory=torch.cuda.is_available(),
    )
