"""Variations of a batch that leave its labels true; every sample draws its own.

Background and composite of a sample always get the same variation, since their difference is what
the student is to see.
"""

import torch
from torch import Tensor

from train.data import Batch

GAIN = 0.2  # brightness of each colour channel is multiplied by 1 - GAIN to 1 + GAIN
GAMMA = 0.2  # and raised to 1 - GAMMA to 1 + GAMMA


def augment(batch: Batch) -> Batch:
    """Mirror half of the samples, and vary brightness, tint and contrast of all.

    Takes and gives float pictures in [0, 1], (B, 3, h, w); draws from torch's global generator.
    """
    mirrored = torch.rand(len(batch.mask), 1, 1, 1, device=batch.mask.device) < 0.5
    gain = _around_one((len(batch.mask), 3, 1, 1), GAIN, batch.mask)
    gamma = _around_one((len(batch.mask), 1, 1, 1), GAMMA, batch.mask)
    bg, fg_bg, mask, depth = (torch.where(mirrored, part.flip(3), part) for part in batch)
    return Batch(_recoloured(bg, gain, gamma), _recoloured(fg_bg, gain, gamma), mask, depth)


def _around_one(shape: tuple[int, ...], spread: float, like: Tensor) -> Tensor:
    return 1 + spread * (2 * torch.rand(shape, device=like.device) - 1)


def _recoloured(picture: Tensor, gain: Tensor, gamma: Tensor) -> Tensor:
    varied = (picture * gain).clamp(0, 1).pow(gamma)
    return varied.contiguous(memory_format=torch.channels_last)
