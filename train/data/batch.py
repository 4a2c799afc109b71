"""What is shown: one sample as arrays, and inputs and targets of several as tensors."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from data_manifest.record import Depth, Mask, Picture


class Shown(NamedTuple):
    """A sample as it is shown: (h, w, 3) uint8 pictures, (h, w) bool, and float32 target."""

    bg: Picture
    fg_bg: Picture
    mask: Mask
    depth: Depth

    def as_tensors(self) -> "Batch":
        """What a batch is made of: channels first, without the batch's axis."""
        bg, fg_bg = (
            torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))
            for picture in (self.bg, self.fg_bg)
        )
        mask = torch.from_numpy(self.mask.view(np.uint8))[None]
        return Batch(bg, fg_bg, mask, torch.from_numpy(self.depth)[None])


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

    def to(self, device: torch.device) -> "Batch":
        """The batch on a device; from pinned memory the copy doesn't hold up the caller."""
        return Batch(*(part.to(device, non_blocking=True) for part in self))

    def part(self, which: slice) -> "Batch":
        """Some of its samples."""
        return Batch(*(part[which] for part in self))
