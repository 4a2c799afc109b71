"""What students share that look at both pictures with one encoder.

The mask is read from how the two pictures' features differ, as change detection does it (Daudt et
al. 2018), and from both pictures at full resolution. Depth is the scene's, plus the foreground's
where the mask is.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

OBJECT_DILATIONS = (1, 2, 4, 8)
"""So that a foreground's top, 8 cells of 8 pixels up, is told what stands at its foot."""
GROUPS = 8
NEXT_TO_NOTHING = 1e-5  # not 0, which would leave what comes before without a gradient


class Block(nn.Sequential):
    """3x3 convolution, group norm (Wu & He 2018), ReLU, from ``channels`` to as many.

    Without statistics over the batch a sample means the same in a batch of any size, and however it
    is divided among processes.
    """

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__(
            nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False),
            nn.GroupNorm(GROUPS, channels),
            nn.ReLU(inplace=True),
        )


def to_size_of(x: Tensor, like: Tensor) -> Tensor:
    """(B, C, ...) at the height and width of another, interpolated bilinearly."""
    if x.shape[2:] == like.shape[2:]:
        return x
    return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)


class Pyramid(nn.Module):
    """A light decoder: features from coarse to fine, each added to what is known so far.

    ``channels`` are those of its inputs and ``widths`` its own, from fine to coarse.
    """

    def __init__(self, channels: Sequence[int], widths: Sequence[int]) -> None:
        super().__init__()
        self.reduce = nn.ModuleList(
            nn.Conv2d(c, w, 1) for c, w in zip(channels, widths, strict=True)
        )
        self.narrow = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in pairwise(widths))
        self.blocks = nn.ModuleList(Block(width) for width in widths)

    def forward(self, features: Sequence[Tensor], finest: Tensor | None = None) -> Tensor:
        """Features (B, channels, h, w), each half as large as the one before, to (B, width, h, w).

        ``finest`` is added to the first, which is brought to its size.
        """
        top = len(self.blocks) - 1
        x = self.blocks[top](F.relu(self.reduce[top](features[top]), inplace=True))
        for level in reversed(range(top)):
            detail = self.reduce[level](features[level])
            if level == 0 and finest is not None:
                detail = to_size_of(detail, finest) + finest
            coarser = to_size_of(self.narrow[level](x), detail)
            x = self.blocks[level](F.relu(detail + coarser, inplace=True))
        result: Tensor = x
        return result


class MaskDecoder(nn.Module):
    """Mask logits from the difference of two pictures' features, and from the pictures."""

    def __init__(self, channels: Sequence[int], widths: Sequence[int]) -> None:
        super().__init__()
        self.stem = nn.Conv2d(9, widths[0], 3, stride=2, padding=1)
        self.pyramid = Pyramid(channels, widths)
        self.head = nn.Conv2d(widths[0], 4, 3, padding=1)

    def forward(
        self, bg: Tensor, fg_bg: Tensor, bg_features: Sequence[Tensor], features: Sequence[Tensor]
    ) -> Tensor:
        """Pictures (B, 3, H, W) in [0, 1] and their features to logits (B, 1, H, W)."""
        differences = [
            (its - of_bg).abs() for its, of_bg in zip(features, bg_features, strict=True)
        ]
        stem = self.stem(torch.cat([fg_bg, bg, (fg_bg - bg).abs()], dim=1))
        return F.pixel_shuffle(self.head(self.pyramid(differences, stem)), 2)


class ObjectDepth(nn.Module):
    """How deep the foreground is: its features, and the scene it stands in, tell.

    What it stands on says how far away it is, so that blocks reach far. Corrects nothing at first.
    """

    CELL = 8

    def __init__(self, channels: int, width: int, *, layered: bool) -> None:
        super().__init__()
        self._layered = layered
        self.of_bg, self.of_fg_bg = nn.Conv2d(channels, width, 1), nn.Conv2d(channels, width, 1)
        self.of_scene = nn.Conv2d(2, width, 3, padding=1)
        self.blocks = nn.Sequential(*(Block(width, dilation) for dilation in OBJECT_DILATIONS))
        self.head = nn.Conv2d(width, 1, 1)
        nn.init.normal_(self.head.weight, std=NEXT_TO_NOTHING)
        if self.head.bias is not None:
            nn.init.zeros_(self.head.bias)

    def forward(self, bg: Tensor, fg_bg: Tensor, mask: Tensor, scene: Tensor) -> Tensor:
        """Depth target (B, 1, H, W) of the composite.

        ``bg`` and ``fg_bg`` are features (B, channels, h, w), ``mask`` a probability and ``scene``
        a depth target, (B, 1, H, W). Where labels are layered the foreground's depth, smooth within
        its cells, hides the scene's; otherwise it corrects it.
        """
        coarse = F.avg_pool2d(torch.cat([mask, scene], dim=1), self.CELL)
        x = self.of_bg(bg) + self.of_fg_bg(fg_bg)
        x = F.relu(x + self.of_scene(to_size_of(coarse, bg)), inplace=True)
        correction = self.head(self.blocks(x))
        if not self._layered:
            return scene + mask * to_size_of(correction, scene)
        foreground = to_size_of(coarse[:, 1:], correction) + correction
        return (1 - mask) * scene + mask * to_size_of(foreground, scene)
