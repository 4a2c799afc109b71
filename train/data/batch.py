"""What is shown: samples as arrays, and inputs and targets of several as tensors."""

from collections.abc import Callable
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
    """Inputs and targets.

    As read: ``bg`` and ``fg_bg`` (B, 3, h, w) uint8 RGB, ``mask`` (B, 1, h, w) uint8 0 or 1,
    ``depth`` (B, 1, h, w) float32 target in [0, 1], and where colours are varied, the curves of
    both pictures, (B, 2, CURVE_VALUES) float32. After ``as_float`` all are float32 and the pictures
    in [0, 1], with their colours varied. Pictures lie with channels last, as they were decoded.
    """

    bg: Tensor
    fg_bg: Tensor
    mask: Tensor
    depth: Tensor
    curves: Tensor | None = None

    @classmethod
    def of(cls, shown: Shown) -> "Batch":
        """Several samples; the tensors lie where the arrays do."""
        bg, fg_bg = (
            torch.from_numpy(pictures).permute(0, 3, 1, 2) for pictures in (shown.bg, shown.fg_bg)
        )
        mask = torch.from_numpy(shown.mask.view(np.uint8))
        curves = torch.from_numpy(shown.curves) if (shown.curves != UNBENT).any() else None
        return cls(bg, fg_bg, mask[:, None], torch.from_numpy(shown.depth)[:, None], curves)

    def as_float(self) -> "Batch":
        """The batch as the network and the losses take it, in memory of its own."""
        if self.curves is None:
            bg, fg_bg = (
                picture.float().div_(255).contiguous(memory_format=torch.channels_last)
                for picture in (self.bg, self.fg_bg)
            )
        else:
            bg, fg_bg = map(bent, (self.bg, self.fg_bg), self.curves.unbind(1))
        return Batch(bg, fg_bg, self.mask.float(), self.depth.clone())

    def to(self, device: torch.device) -> "Batch":
        """The batch on a device; from pinned memory the copy doesn't hold up the caller."""
        return self.each(lambda part: part.to(device, non_blocking=True))

    def part(self, which: slice) -> "Batch":
        """Some of its samples."""
        return self.each(lambda part: part[which])

    def each(self, function: Callable[[Tensor], Tensor]) -> "Batch":
        """The batch of ``function`` of each of its tensors."""
        bg, fg_bg, mask, depth = map(function, self[:4])
        curves = None if self.curves is None else function(self.curves)
        return Batch(bg, fg_bg, mask, depth, curves)
