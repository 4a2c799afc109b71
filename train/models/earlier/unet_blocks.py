"""What the U-Nets are made of: double convolutions, steps down, and steps up that take a skip.

Ronneberger et al. 2015 with padding and batch norm. ``widths`` are numbers of channels, the
finest level first; each further level has half the height and width, rounded down.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def double_convolution(
    inputs: int, middle: int, outputs: int, dropout: float = 0.0
) -> nn.Sequential:
    """(B, inputs, H, W) to (B, outputs, H, W)."""
    return nn.Sequential(
        *_convolution(inputs, middle, dropout), *_convolution(middle, outputs, dropout)
    )


def _convolution(inputs: int, outputs: int, dropout: float) -> list[nn.Module]:
    normed = [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs)]
    return [*normed, *([nn.Dropout(dropout)] if dropout else []), nn.ReLU()]


class Down(nn.Sequential):
    """(B, inputs, H, W) to (B, outputs, H // 2, W // 2)."""

    def __init__(self, inputs: int, outputs: int, dropout: float = 0.0) -> None:
        super().__init__(nn.MaxPool2d(2), double_convolution(inputs, outputs, outputs, dropout))


class Up(nn.Module):
    """Doubles the level below, puts it behind the skip and convolves both.

    Bilinear doubling, aligned at the corners, keeps the channels; ``transposed`` convolution halves
    them. What was doubled is padded with zeros, or cropped, to the skip's size.
    """

    def __init__(
        self, below: int, skip: int, outputs: int, dropout: float = 0.0, transposed: bool = False
    ) -> None:
        super().__init__()
        self.enlarge: nn.Module
        if transposed:
            self.enlarge = nn.ConvTranspose2d(below, below // 2, 2, stride=2)
            self.convolve = double_convolution(below // 2 + skip, outputs, outputs, dropout)
        else:
            both = below + skip
            self.enlarge = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            self.convolve = double_convolution(both, both // 2, outputs, dropout)

    def forward(self, below: Tensor, skip: Tensor) -> Tensor:
        """(B, below, h, w) and (B, skip, H, W), H and W about 2h and 2w, to (B, outputs, H, W)."""
        x = self.enlarge(below)
        height, width = skip.shape[2] - x.shape[2], skip.shape[3] - x.shape[3]
        x = F.pad(x, [width // 2, width - width // 2, height // 2, height - height // 2])
        result: Tensor = self.convolve(torch.cat([skip, x], dim=1))
        return result


class Decoder(nn.ModuleList):
    """Steps up from the coarsest level to the finest.

    A bilinear step gives as many channels as the next finer skip has, the last as many as its own;
    a transposed step always as many as its own.
    """

    def __init__(
        self, widths: tuple[int, ...], dropout: float = 0.0, transposed: bool = False
    ) -> None:
        super().__init__()
        below = widths[-1]
        for level in reversed(range(len(widths) - 1)):
            outputs = widths[level if transposed else max(level - 1, 0)]
            self.append(Up(below, widths[level], outputs, dropout, transposed))
            below = outputs

    def forward(self, levels: list[Tensor]) -> Tensor:
        """One (B, width, H, W) per level, the finest first, to (B, widths[0], H, W) of it."""
        x = levels[-1]
        for up, skip in zip(self, reversed(levels[:-1]), strict=True):
            x = up(x, skip)
        return x


class DownUp(nn.Module):
    """Steps down through all widths, and up again."""

    def __init__(
        self, widths: tuple[int, ...], dropout: float = 0.0, transposed: bool = False
    ) -> None:
        super().__init__()
        self.downs = nn.ModuleList(Down(*pair, dropout) for pair in pairwise(widths))
        self.ups = Decoder(widths, dropout, transposed)

    def forward(self, x: Tensor) -> Tensor:
        """(B, widths[0], H, W) to the same shape."""
        levels = [x]
        for down in self.downs:
            levels.append(down(levels[-1]))
        result: Tensor = self.ups(levels)
        return result


def branch(widths: tuple[int, ...], dropout: float = 0.0) -> nn.Sequential:
    """Down, up, and a head: (B, widths[0], H, W) to (B, 1, H, W)."""
    return nn.Sequential(DownUp(widths, dropout), nn.Conv2d(widths[0], 1, 1))
