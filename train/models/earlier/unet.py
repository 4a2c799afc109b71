"""The U-Net of futartup (S15A and S15AB, 2020), after the well-known PyTorch U-Net by milesial.

17,269,186 parameters; with ``transposed`` convolutions, futartup's other setting, 31,045,314. The
10,043,321 that futartup's README prints can't be reproduced from any of its code: that gives
17,267,393 and 31,043,521 for three input channels and one head.

Deviations: a head each for mask and depth, where the original returned one map as both; depth ends
in a sigmoid, where the original gives logits. The composite comes before the background, as there.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from train.models.earlier.unet_blocks import DownUp, double_convolution
from train.models.student import Student

WIDTHS = (64, 128, 256, 512)
BOTTOM, BOTTOM_TRANSPOSED = 512, 1024


class UNet(Student):
    """See the module; takes sides of any 16 pixels or more."""

    multiple: ClassVar[int] = 1

    def __init__(self, transposed: bool = False) -> None:
        super().__init__()
        bottom = BOTTOM_TRANSPOSED if transposed else BOTTOM
        self.stem = double_convolution(6, WIDTHS[0], WIDTHS[0])
        self.trunk = DownUp((*WIDTHS, bottom), transposed=transposed)
        self.mask_head, self.depth_head = (nn.Conv2d(WIDTHS[0], 1, 1) for _ in range(2))

    def forward(self, bg: Tensor, fg_bg: Tensor) -> tuple[Tensor, Tensor]:
        """Two (B, 3, H, W) to mask logits and depth, (B, 1, H, W) each, depth in (0, 1)."""
        shared = self.trunk(self.stem(torch.cat([fg_bg, bg], dim=1)))
        return self.mask_head(shared), torch.sigmoid(self.depth_head(shared))
