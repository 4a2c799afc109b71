"""The U-Net with two branches by Gilf641 (EVA4, session 15, 2020).

One double convolution of both pictures, then an encoder and a decoder for the mask and another,
alike but with weights of its own, for depth; dropout 0.2 before every ReLU. 2,161,666 parameters.
One deviation: depth ends in a sigmoid; the original gives logits.
"""

from typing import ClassVar

import torch
from torch import Tensor

from train.models.earlier.unet_blocks import branch, double_convolution
from train.models.student import Student

WIDTHS = (16, 32, 64, 128, 128)
DROPOUT = 0.2


class DualUNet(Student):
    """See the module; takes sides of any 16 pixels or more."""

    multiple: ClassVar[int] = 1

    def __init__(self) -> None:
        super().__init__()
        self.stem = double_convolution(6, WIDTHS[0], WIDTHS[0], DROPOUT)
        self.mask, self.depth = (branch(WIDTHS, DROPOUT) for _ in range(2))

    def forward(self, bg: Tensor, fg_bg: Tensor) -> tuple[Tensor, Tensor]:
        """Two (B, 3, H, W) to mask logits and depth, (B, 1, H, W) each, depth in (0, 1)."""
        shared = self.stem(torch.cat([bg, fg_bg], dim=1))
        return self.mask(shared), torch.sigmoid(self.depth(shared))
