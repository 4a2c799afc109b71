"""What is shown: one sample as arrays, and inputs and targets of several as tensors."""

from collections.abc import Sequence
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


def collate(samples: Sequence[Shown]) -> Batch:
    """Samples as one batch; pictures lie with channels last, as they were decoded."""
    bg, fg_bg = (
        torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
        for pictures in ([shown.bg for shown in samples], [shown.fg_bg for shown in samples])
    )
    mask = torch.from_numpy(np.stack([shown.mask for shown in samples]).view(np.uint8))
    depth = torch.from_numpy(np.stack([shown.depth for shown in samples]))
    return Batch(bg, fg_bg, mask[:, None], depth[:, None])
