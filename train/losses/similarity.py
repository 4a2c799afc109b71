"""Structural similarity (Wang et al. 2004), and losses made of it.

The Gaussian is separable, and blurring is done by two products with banded matrices: right to
rounding, and on a CPU several times as fast as kornia's convolutions (benchmarks/losses.py). On a
GPU they need float32 products that are that, as PyTorch's are unless TF32 is asked for.
"""

from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from train.losses.pixels import ROOT_FLOOR, mean, rmse

Border = Literal["constant", "reflect"]
WINDOW = 11  # pixels
SIGMA = 1.5  # pixels, whatever the window
C1, C2 = 0.01**2, 0.03**2  # of pictures in [0, 1]
VATHOS_WINDOWS = (5, 11)


def ssim(first: Tensor, second: Tensor, window: int = WINDOW) -> Tensor:
    """Mean structural similarity of each pair of (B, 1, H, W) float in [0, 1], as (B,).

    1 for equal pictures, -1 at least. Beyond the border is 0, as in MDEAS and torchgeometry.
    """
    return mean(ssim_map(first, second, window))


def ssim_map(first: Tensor, second: Tensor, window: int, border: Border = "constant") -> Tensor:
    """Structural similarity of every pixel's surroundings, (B, 1, H, W)."""
    with torch.autocast(first.device.type, enabled=False):  # a variance is a small difference
        mean1, mean2, squares, product = (
            _blur(part, window, border)
            for part in (first, second, first * first + second * second, first * second)
        )
    means, mean_squares = mean1 * mean2, mean1 * mean1 + mean2 * mean2
    alike = (2 * means + C1) * (2 * (product - means) + C2)
    return alike / ((mean_squares + C1) * (squares - mean_squares + C2))


def dissimilarity(predicted: Tensor, true: Tensor, window: int = WINDOW) -> Tensor:
    """1 - SSIM, (B,) in [0, 2], of (B, 1, H, W) float in [0, 1]."""
    return 1 - ssim(predicted, true, window)


def vathos_ssim(predicted: Tensor, true: Tensor) -> Tensor:
    """vathos's SSIM loss, (B,) in [0, 1], of (B, 1, H, W) float in [0, 1].

    Pixels' (1 - SSIM) / 2, cut off at 0.5 where they are unlike, in windows of 5 and of 11 pixels,
    added. Pictures are mirrored at the border, as kornia 0.3 does.
    """
    maps = (ssim_map(predicted, true, window, "reflect") for window in VATHOS_WINDOWS)
    small, large = (mean((1 - similarity).clamp(0, 1) / 2) for similarity in maps)
    return small + large


def rmse_ssim(predicted: Tensor, true: Tensor) -> Tensor:
    """Root of ``vathos_ssim`` (and ``ROOT_FLOOR``), and 4 RMSE, (B,), as vathos's code has it.

    Its text puts the root over both. vathos pools the batch and has no floor in the first root.
    """
    return (vathos_ssim(predicted, true) + ROOT_FLOOR).sqrt() + 4 * rmse(predicted, true)


def _blur(picture: Tensor, window: int, border: Border) -> Tensor:
    height, width = picture.shape[-2:]
    kind = window, border, picture.dtype, picture.device
    return _weights(height, *kind) @ picture @ _weights(width, *kind).T


@lru_cache(maxsize=64)
def _weights(
    side: int, window: int, border: Border, dtype: torch.dtype, device: torch.device
) -> Tensor:
    """How much of each pixel, in columns, a row or a column's blurred pixels, in rows, hold."""
    with torch.inference_mode(False):  # validation may come first, and training follow
        offsets = torch.arange(window, dtype=torch.float64) - window // 2
        gaussian = torch.exp(-(offsets**2) / (2 * SIGMA**2))
        places = F.pad(torch.eye(side, dtype=torch.float64), [window // 2] * 2, mode=border)
        weights = places.unfold(1, window, 1) @ (gaussian / gaussian.sum())
        return weights.T.contiguous().to(device, dtype)
