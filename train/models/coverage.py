"""How much of each pixel the foreground covers, by its colour and those nearby."""

import torch
from torch import Tensor
from torch.nn import functional as F

CELL, CELLS = 4, 3
"""Colours nearby are means over CELLS x CELLS cells of CELL x CELL pixels."""
POWER = 4  # of a probability, so that surely covered pixels outweigh others
FAINTEST_WEIGHT = 1e-4
LEAST_CONTRAST = 1e-3
"""Added to the square of a contrast, where colours are too near to tell anything."""


def coverage(bg: Tensor, fg_bg: Tensor, probability: Tensor) -> tuple[Tensor, Tensor]:
    """How much of each pixel is covered, (B, 2, H, W) in [-1, 2], and how well that can be told.

    A pixel shows ``share * foreground + (1 - share) * background``. With a known background, ``bg``
    (B, 3, H, W) in [0, 1], and the mean colour of what nearby is surely foreground, going by
    ``probability`` (B, 1, H, W), least squares give the first share: difference matting (Smith &
    Blinn, Blue Screen Matting, SIGGRAPH 1996). As ``bg`` may not fit, it is brought for the second
    to the colours that ``fg_bg`` shows where nearby is surely background. The other answer,
    (B, 2, H, W), is the logarithm of the squared contrast of foreground and background.
    """
    foreground = _mean_nearby(fg_bg, probability**POWER)
    misfit = _mean_nearby(fg_bg - bg, (1 - probability) ** POWER)
    shares, contrasts = [], []
    for background in (bg, bg + misfit):
        contrast = foreground - background
        square = contrast.square().sum(1, keepdim=True) + LEAST_CONTRAST
        share = ((fg_bg - background) * contrast).sum(1, keepdim=True) / square
        shares.append(share.clamp(-1, 2))
        contrasts.append(square.log())
    return torch.cat(shares, dim=1), torch.cat(contrasts, dim=1)


def _mean_nearby(values: Tensor, weight: Tensor) -> Tensor:
    """(B, C, H, W) weighted means of what lies around each pixel."""
    weight = weight + FAINTEST_WEIGHT  # there is a mean where nothing has weight, too
    cells = F.avg_pool2d(torch.cat([values * weight, weight], dim=1), CELL, ceil_mode=True)
    cells = F.avg_pool2d(cells, CELLS, stride=1, padding=CELLS // 2, count_include_pad=False)
    means = cells[:, :-1] / cells[:, -1:]
    return F.interpolate(means, size=values.shape[2:], mode="bilinear", align_corners=False)
