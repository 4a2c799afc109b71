"""MDEAS, from the project "Monocular Depth Estimation and Segmentation" (2020).

Two stems, a shared encoder of dense blocks that add instead of concatenating, parallel dilated
convolutions, and one decoder each for depth and mask. 1,521,026 parameters. One deviation: the mask
is given as logits; the original ends in a sigmoid.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from train.models.student import Student


class Pointwise(nn.Sequential):
    """1x1 convolution, ReLU, batch norm, in this order."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(nn.Conv2d(inputs, outputs, 1), nn.ReLU(), nn.BatchNorm2d(outputs))


class Separable(nn.Sequential):
    """Depthwise 3x3 convolution with bias, then Pointwise."""

    def __init__(self, inputs: int, outputs: int, dilation: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, inputs, 3, padding=dilation, dilation=dilation, groups=inputs),
            Pointwise(inputs, outputs),
        )


class Dense(nn.Module):
    """Three separable convolutions, each fed with the sum of all that came before."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.separable = nn.ModuleList(Separable(inputs, inputs) for _ in range(3))
        self.out = Pointwise(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H, W)."""
        total = x
        for layer in self.separable:
            total = total + layer(total)
        result: Tensor = self.out(total)
        return result


class Dilated(nn.Module):
    """Parallel separable convolutions with dilations 1, 3, 6 and 9, side by side."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.reduce = Pointwise(inputs, channels)
        self.branches = nn.ModuleList(
            Separable(channels, channels, dilation) for dilation in (1, 3, 6, 9)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, 4 * channels, H, W)."""
        reduced = self.reduce(x)
        return torch.cat([branch(reduced) for branch in self.branches], dim=1)


def stem() -> nn.Sequential:
    """(B, 3, H, W) to (B, 32, H/2, W/2); the one place where batch norm comes before ReLU."""
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
    )


class MDEAS(Student):
    """See the module; names follow the original's table."""

    def __init__(self) -> None:
        super().__init__()
        self.bg_stem, self.fg_bg_stem = stem(), stem()
        self.encoder = nn.ModuleList([Dense(64, 128), Dense(128, 256), Dense(256, 256)])
        self.dilated = Dilated(256, 128)
        self.to_mask, self.to_depth = Pointwise(512, 128), Pointwise(512, 256)
        self.depth_decoder = nn.ModuleList(
            [Dense(256, 256), Dense(256, 128), Dense(128, 128), Dense(32, 64)]
        )
        self.depth_head = nn.Conv2d(16, 1, 1)
        self.mask_decoder = nn.ModuleList(
            [Dense(128, 128), Dense(128, 128), Dense(128, 64), Dense(64, 64)]
        )
        self.mask_head = nn.Conv2d(16, 1, 1)

    def forward(self, bg: Tensor, fg_bg: Tensor) -> tuple[Tensor, Tensor]:
        """Two (B, 3, H, W) to mask logits and depth, (B, 1, H, W) each."""
        composite = self.fg_bg_stem(fg_bg)
        inputs = torch.cat([self.bg_stem(bg), composite], dim=1)
        half = F.max_pool2d(self.encoder[0](inputs), 2)
        quarter = F.max_pool2d(self.encoder[1](half), 2)
        shared = self.dilated(F.max_pool2d(self.encoder[2](quarter), 2))
        depth = self._depth(self.to_depth(shared), quarter, half, composite)
        return self._mask(self.to_mask(shared), half, inputs), depth

    def _depth(self, x: Tensor, quarter: Tensor, half: Tensor, composite: Tensor) -> Tensor:
        x = _double(self.depth_decoder[0](x)) + quarter
        x = _double(self.depth_decoder[1](x)) + half
        x = F.pixel_shuffle(self.depth_decoder[2](x), 2) + composite
        depth: Tensor = self.depth_head(F.pixel_shuffle(self.depth_decoder[3](x), 2))
        return depth

    def _mask(self, x: Tensor, half: Tensor, inputs: Tensor) -> Tensor:
        x = _double(self.mask_decoder[0](x))
        x = _double(self.mask_decoder[1](x)) + half
        x = _double(self.mask_decoder[2](x)) + inputs
        logits: Tensor = self.mask_head(F.pixel_shuffle(self.mask_decoder[3](x), 2))
        return logits


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")
