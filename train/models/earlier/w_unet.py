"""The W-shaped pair of U-Nets by Sushmitha-Katti (2020).

One double convolution of both pictures, then a U-Net of five levels for depth and one of four for
the mask. 8,678,274 parameters. One deviation: depth ends in a sigmoid; the original gives logits.
"""

from typing import ClassVar

import torch
from torch import Tensor

from train.models.earlier.unet_blocks import branch, double_convolution
from train.models.student import Student

DEPTH_WIDTHS = (32, 32, 64, 128, 256, 256)
MASK_WIDTHS = (32, 64, 128, 256, 256)


class WUNet(Student):
    """See the module; takes sides of any 32 pixels or more."""

    multiple: ClassVar[int] = 1

    def __init__(self) -> None:
        super().__init__()
        self.stem = double_convolution(6, 32, 32)
        self.depth, self.mask = branch(DEPTH_WIDTHS), branch(MASK_WIDTHS)

    def forward(self, bg: Tensor, fg_bg: Tensor) -> tuple[Tensor, Tensor]:
        """Two (B, 3, H, W) to mask logits and depth, (B, 1, H, W) each, depth in (0, 1)."""
        shared = self.stem(torch.cat([bg, fg_bg], dim=1))
        return self.mask(shared), torch.sigmoid(self.depth(shared))
