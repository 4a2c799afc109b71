"""What is shown: samples as arrays, and inputs and targets of several as tensors."""

from math import prod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from data_manifest.record import Depth, Mask, Picture, Size
from train.data.curves import CURVE_VALUES, UNBENT, CurveValues, bent


class Shown(NamedTuple):
    """A sample as it is shown: (h, w, 3) uint8 pictures, (h, w) bool, and float32 depth, which is
    the target where it is read into a room; (2, CURVE_VALUES) float32 are the curves of both
    pictures' colours.

    Or several of them, with their number as first axis.
    """

    bg: Picture
    fg_bg: Picture
    mask: Mask
    depth: Depth
    curves: CurveValues

    def part(self, which: int | slice) -> "Shown":
        """One of several samples, or some of them, where they lie."""
        return Shown(
            self.bg[which], self.fg_bg[which], self.mask[which], self.depth[which],
            self.curves[which],
        )  # fmt: skip


def room_bytes(count: int, size: Size) -> int:
    """How many bytes so many samples take."""
    return sum(_part_bytes(count, size))


def _part_bytes(count: int, size: Size) -> tuple[int, ...]:
    """Of depth, curves, both pictures and the mask, which lie in this order."""
    pixels = count * prod(size)
    return 4 * pixels, 2 * 4 * CURVE_VALUES * count, 3 * pixels, 3 * pixels, pixels


def room_for(count: int, size: Size, memory: npt.NDArray[np.uint8] | None = None) -> Shown:
    """Arrays for so many samples, not filled: in ``memory``, or in memory of their own."""
    if memory is None:
        memory = np.empty(room_bytes(count, size), np.uint8)
    plane = (count, size.height, size.width)
    ends = np.cumsum(_part_bytes(count, size))
    depth, curves, bg, fg_bg, mask = np.split(memory[: ends[-1]], ends[:-1])
    return Shown(
        bg.reshape(*plane, 3), fg_bg.reshape(*plane, 3),
        mask.view(np.bool_).reshape(plane), depth.view(np.float32).reshape(plane),
        curves.view(np.float32).reshape(count, 2, CURVE_VALUES),
    )  # fmt: skip


class Batch(NamedTuple):
    """Inputs and targets, as the network and the losses take them.

    ``bg`` and ``fg_bg`` (B, 3, h, w) RGB in [0, 1], ``mask`` (B, 1, h, w) 0 or 1, ``depth``
    (B, 1, h, w) target in [0, 1], all float32. Pictures lie with channels last.
    """

    bg: Tensor
    fg_bg: Tensor
    mask: Tensor
    depth: Tensor

    def part(self, which: slice) -> "Batch":
        """Some of its samples."""
        return Batch(*(part[which] for part in self))


class ReadBatch(NamedTuple):
    """The same as it is read, from memory that is used again.

    Pictures and mask are uint8, and colours aren't varied yet: by ``curves``, (B, 2, CURVE_VALUES)
    float32 of ``bg`` and ``fg_bg``, where that is to be done.
    """

    bg: Tensor
    fg_bg: Tensor
    mask: Tensor
    depth: Tensor
    curves: Tensor | None

    @classmethod
    def of(cls, shown: Shown) -> "ReadBatch":
        """Several samples; the tensors lie where the arrays do."""
        bg, fg_bg = (
            torch.from_numpy(pictures).permute(0, 3, 1, 2) for pictures in (shown.bg, shown.fg_bg)
        )
        mask = torch.from_numpy(shown.mask.view(np.uint8))
        curves = torch.from_numpy(shown.curves) if (shown.curves != UNBENT).any() else None
        return cls(bg, fg_bg, mask[:, None], torch.from_numpy(shown.depth)[:, None], curves)

    def to(self, device: torch.device) -> "ReadBatch":
        """The batch on a device; from pinned memory the copy doesn't hold up the caller."""

        def there(part: Tensor) -> Tensor:
            return part.to(device, non_blocking=True)

        curves = None if self.curves is None else there(self.curves)
        bg, fg_bg, mask, depth = map(there, self[:4])
        return ReadBatch(bg, fg_bg, mask, depth, curves)

    def as_float(self) -> Batch:
        """In memory of its own, with its colours varied."""
        if self.curves is None:
            bg, fg_bg = (
                picture.float().div_(255).contiguous(memory_format=torch.channels_last)
                for picture in (self.bg, self.fg_bg)
            )
        else:
            bg, fg_bg = map(bent, (self.bg, self.fg_bg), self.curves.unbind(1))
        return Batch(bg, fg_bg, self.mask.float(), self.depth.clone())
