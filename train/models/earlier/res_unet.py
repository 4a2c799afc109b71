"""The residual U-Net of vathos (ProjektDepth, second version, 2020). 15,855,712 parameters.

One encoder and two decoders, of which depth's feeds the mask's at every level; batch norm and ReLU
come before convolutions, and no convolution has a bias. One deviation: depth ends in a sigmoid;
the original gives logits (and depth first).
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from train.models.student import Student

MakePair = Callable[[int, int], nn.Module]
"""Makes a pair of convolutions, (B, inputs, H, W) to (B, outputs, H, W)."""
DEPTH_STEPS = ((512, 256, (512,)), (256, 128, (256,)), (128, 64, (128,)), (64, 16, (64,)))
MASK_STEPS = ((512, 64, (512, 256)), (64, 64, (256, 128)), (64, 32, (128, 64)), (32, 16, (64, 16)))
"""Channels of the level below, of the result, and of what comes beside: the skip, then depth's."""


def normed(inputs: int, outputs: int, side: int, groups: int = 1) -> nn.Sequential:
    """Batch norm, ReLU, convolution of ``side`` x ``side``, in this order."""
    convolution = nn.Conv2d(inputs, outputs, side, padding=side // 2, groups=groups, bias=False)
    return nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(), convolution)


def plain(inputs: int, outputs: int) -> nn.Sequential:
    """Two normed convolutions of 3x3."""
    return nn.Sequential(normed(inputs, outputs, 3), normed(outputs, outputs, 3))


def pointwise(inputs: int, outputs: int) -> nn.Conv2d:
    """1x1 convolution without bias."""
    return nn.Conv2d(inputs, outputs, 1, bias=False)


class Residual(nn.Module):
    """A pair of convolutions beside a 1x1 convolution with batch norm; both are added."""

    def __init__(self, inputs: int, outputs: int, make_pair: MakePair) -> None:
        super().__init__()
        self.pair = make_pair(inputs, outputs)
        self.shortcut = nn.Sequential(pointwise(inputs, outputs), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H, W)."""
        result: Tensor = self.pair(x) + self.shortcut(x)
        return result


class ShuffleUp(nn.Module):
    """Doubles the level below by pixel shuffle and adds maps of ``beside`` channels each to it."""

    def __init__(
        self, inputs: int, outputs: int, beside: tuple[int, ...], make_pair: MakePair
    ) -> None:
        super().__init__()
        self.below = pointwise(inputs, 4 * inputs)
        self.beside = nn.ModuleList(pointwise(channels, inputs) for channels in beside)
        self.residual = Residual(inputs, outputs, make_pair)

    def forward(self, below: Tensor, *beside: Tensor) -> Tensor:
        """(B, inputs, H, W) and maps of (2H, 2W) to (B, outputs, 2H, 2W)."""
        x = F.pixel_shuffle(self.below(below), 2)
        for reduce, other in zip(self.beside, beside, strict=True):
            x = x + reduce(other)
        result: Tensor = self.residual(x)
        return result


class ResUNet(Student):
    """See the module; ``make_pair`` decides on the pairs of convolutions."""

    def __init__(self, make_pair: MakePair = plain) -> None:
        super().__init__()
        self.stem = nn.Conv2d(6, 32, 5, padding=2, bias=False)
        self.downs = nn.ModuleList(
            Residual(inputs, 2 * inputs, make_pair) for inputs in (32, 64, 128, 256)
        )
        self.bridge = make_pair(512, 512)
        self.depth_ups, self.mask_ups = (
            nn.ModuleList(
                ShuffleUp(inputs, outputs, beside, make_pair) for inputs, outputs, beside in steps
            )
            for steps in (DEPTH_STEPS, MASK_STEPS)
        )
        self.depth_head, self.mask_head = pointwise(16, 1), pointwise(16, 1)

    def forward(self, bg: Tensor, fg_bg: Tensor) -> tuple[Tensor, Tensor]:
        """Two (B, 3, H, W) to mask logits and depth, (B, 1, H, W) each, depth in (0, 1)."""
        x, skips = self.stem(torch.cat([bg, fg_bg], dim=1)), []
        for down in self.downs:
            skips.append(down(x))
            x = F.max_pool2d(skips[-1], 2)
        mask = depth = self.bridge(x)
        for to_mask, to_depth in zip(self.mask_ups, self.depth_ups, strict=True):
            skip = skips.pop()
            depth = to_depth(depth, skip)
            mask = to_mask(mask, skip, depth)
        return self.mask_head(mask), torch.sigmoid(self.depth_head(depth))
