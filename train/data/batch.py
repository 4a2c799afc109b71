"""What is shown: samples as arrays, and inputs and targets of several as tensors."""

from math import prod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from data_manifest.record import Depth, Mask, Picture, Size

PIXEL_BYTES = (4, 3, 3, 1)
"""Of one pixel: its depth, both pictures, the mask; in memory they lie in this order."""


class Shown(NamedTuple):
    """A sample as it is shown: (h, w, 3) uint8 pictures, (h, w) bool, and float32 depth, which is
    the target where it is read into a room.

    Or several of them, with their number as first axis.
    """

    bg: Picture
    fg_bg: Picture
    mask: Mask
    depth: Depth

    def part(self, which: int | slice) -> "Shown":
        """One of several samples, or some of them, where they lie."""
        return Shown(self.bg[which], self.fg_bg[which], self.mask[which], self.depth[which])


def room_bytes(count: int, size: Size) -> int:
    """How many bytes so many samples take."""
    return sum(PIXEL_BYTES) * count * prod(size)


def room_for(count: int, size: Size, memory: npt.NDArray[np.uint8] | None = None) -> Shown:
    """Arrays for so many samples, not filled: in ``memory``, or in memory of their own."""
    if memory is None:
        memory = np.empty(room_bytes(count, size), np.uint8)
    plane = (count, size.height, size.width)
    ends = np.cumsum(PIXEL_BYTES) * prod(plane)
    depth, bg, fg_bg, mask = np.split(memory[: ends[-1]], ends[:-1])
    return Shown(
        bg.reshape(*plane, 3), fg_bg.reshape(*plane, 3),
        mask.view(np.bool_).reshape(plane), depth.view(np.float32).reshape(plane),
    )  # fmt: skip


class Batch(NamedTuple):
    """Inputs and targets.

    As read: ``bg`` and ``fg_bg`` (B, 3, h, w) uint8 RGB, ``mask`` (B, 1, h, w) uint8 0 or 1,
    ``depth`` (B, 1, h, w) float32 target in [0, 1]. After ``as_float`` all are float32 and the
    pictures in [0, 1]. Pictures lie with channels last, as they were decoded.
    """

    bg: Tensor
    fg_bg: Tensor
    mask: Tensor
    depth: Tensor

    @classmethod
    def of(cls, shown: Shown) -> "Batch":
        """Several samples; the tensors lie where the arrays do."""
        bg, fg_bg = (
            torch.from_numpy(pictures).permute(0, 3, 1, 2) for pictures in (shown.bg, shown.fg_bg)
        )
        mask = torch.from_numpy(shown.mask.view(np.uint8))
        return cls(bg, fg_bg, mask[:, None], torch.from_numpy(shown.depth)[:, None])

    def as_float(self) -> "Batch":
        """The batch as the network and the losses take it, in memory of its own."""
        bg, fg_bg = (
            picture.float().div_(255).contiguous(memory_format=torch.channels_last)
            for picture in (self.bg, self.fg_bg)
        )
        return Batch(bg, fg_bg, self.mask.float(), self.depth.clone())

    def to(self, device: torch.device) -> "Batch":
        """The batch on a device; from pinned memory the copy doesn't hold up the caller."""
        return Batch(*(part.to(device, non_blocking=True) for part in self))

    def part(self, which: slice) -> "Batch":
        """Some of its samples."""
        return Batch(*(part[which] for part in self))
