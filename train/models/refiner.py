"""Mask logits corrected at full resolution, where they are least sure and nowhere else."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from train.models.coverage import coverage

SHARE = 32
"""One pixel in so many is looked at again: about as many as lie at edges."""
SIDE = 7  # of the patch around a pixel
PLANES, COLOURS, CONTRASTS = 12, 3, 2
WIDTHS = (64, 32)
NEXT_TO_NOTHING = 1e-3
LIMIT = 8.0
"""Greatest correction of a logit, which bounds what engines' rounding of logits can grow to."""
FADING = 0.25
"""A correction fades over this part of the sureness of the surest that is looked at again."""
FAINTEST = 1 / 255
"""The least difference of two pixels, added so that where there is none it has a logarithm."""


class Refiner(nn.Module):
    """Decides anew about each of the pixels that a mask is least sure of, from a patch around it.

    Pixels are chosen as PointRend does (Kirillov et al., CVPR 2020); patches are of both pictures,
    as in BackgroundMattingV2 (Lin et al., CVPR 2021), and of how much of each pixel is covered, as
    far as colours tell. A correction fades towards the surest of the chosen, so that it makes no
    difference which of two equally sure pixels is the last: engines round in different ways.
    Corrects next to nothing at first.
    """

    def __init__(self) -> None:
        super().__init__()
        first, second = WIDTHS
        self.of_patch = nn.Linear(SIDE * SIDE * PLANES, first)
        self.of_level = nn.Linear(COLOURS, first, bias=False)
        self.of_contrast = nn.Linear(CONTRASTS, first, bias=False)
        self.middle, self.last = nn.Linear(first, second), nn.Linear(second, 1)
        nn.init.normal_(self.last.weight, std=NEXT_TO_NOTHING)
        nn.init.zeros_(self.last.bias)

    def forward(self, bg: Tensor, fg_bg: Tensor, logits: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) in [0, 1] and mask logits (B, 1, H, W) to better logits."""
        flat = logits.flatten(1)
        sureness = flat.detach().abs()
        doubted = sureness.topk(sureness.shape[1] // SHARE, largest=False, sorted=False)
        correction = self._correct(bg, fg_bg, torch.sigmoid(logits.detach()), doubted.indices)
        surest = doubted.values.amax(1, keepdim=True).clamp_min(torch.finfo(flat.dtype).tiny)
        correction = ((1 - doubted.values / surest) / FADING).clamp_max(1) * correction
        return flat.scatter_add(1, doubted.indices, correction.to(flat.dtype)).reshape(logits.shape)

    def _correct(self, bg: Tensor, fg_bg: Tensor, probability: Tensor, pixels: Tensor) -> Tensor:
        """(B, N) indices of pixels to what would be added to their logits, within LIMIT."""
        difference = (fg_bg - bg).abs()
        # How large differences are at all tells a background that fits from one that doesn't.
        level = (difference + FAINTEST).log().mean((2, 3)) / 3 + 1
        shares, contrasts = coverage(bg, fg_bg, probability)
        planes = [fg_bg - 0.5, bg - 0.5, difference * 3, probability - 0.5, shares - 0.5]
        x = self.of_patch(patches_around(pixels, torch.cat(planes, dim=1)))
        x = x + self.of_level(level)[:, None] + self.of_contrast(values_at(pixels, contrasts) / 3)
        x = F.relu(x, inplace=True)
        x = self.last(F.relu(self.middle(x), inplace=True))[..., 0]
        return LIMIT * torch.tanh(x / LIMIT)


def values_at(pixels: Tensor, planes: Tensor) -> Tensor:
    """(B, N) indices into pictures (B, C, H, W), row by row, to (B, N, C) values."""
    at = pixels[:, None].expand(-1, planes.shape[1], -1)
    return planes.flatten(2).gather(2, at).transpose(1, 2)


def patches_around(pixels: Tensor, planes: Tensor) -> Tensor:
    """(B, N) indices into pictures (B, C, H, W), row by row, to (B, N, SIDE * SIDE * C) values.

    Beyond the border is what lies at it.
    """
    batch, channels, height, width = planes.shape
    steps = torch.arange(SIDE, device=pixels.device) - SIDE // 2
    rows = ((pixels // width)[..., None] + steps).clamp(0, height - 1)
    rows = rows + height * torch.arange(batch, device=pixels.device)[:, None, None]
    columns = ((pixels % width)[..., None] + steps).clamp(0, width - 1)
    places = (width * rows)[..., None] + columns[..., None, :]
    values = planes.permute(0, 2, 3, 1).reshape(-1, channels).index_select(0, places.flatten())
    return values.reshape(batch, pixels.shape[1], SIDE * SIDE * channels)
