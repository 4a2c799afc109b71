"""Losses. Masks come as logits; targets are in [0, 1]."""

import torch
from kornia.metrics import ssim as ssim_map
from torch import Tensor
from torch.nn import functional as F

from train.data import Batch

SSIM_WINDOW = 11  # pixels; kornia's Gaussian has sigma 1.5, as in Wang et al. 2004
MDEAS_WEIGHTS = {
    "depth_ssim": 2.0,
    "mask_ssim": 0.4,
    "depth_mse": 0.1,
    "mask_mse": 1.0,
    "depth_l1": 1e-6,
    "mask_l1": 1e-6,
}


def ssim(first: Tensor, second: Tensor) -> Tensor:
    """Structural similarity of each pair of (B, 1, H, W) in [0, 1], as (B,).

    Wang et al. 2004 with zero padding, as MDEAS computes it; 1 for equal pictures.
    """
    edge = [SSIM_WINDOW // 2] * 4
    pair = (F.pad(first, edge), F.pad(second, edge))
    return ssim_map(*pair, window_size=SSIM_WINDOW, padding="valid").mean(dim=(1, 2, 3))


def mdeas_loss(mask_logits: Tensor, depth: Tensor, true: Batch) -> dict[str, Tensor]:
    """MDEAS's composite loss and its parts; ``loss`` is the weighted sum.

    2 (1-SSIM) + 0.1 MSE of depth, 0.4 (1-SSIM) + MSE of the mask's probability, 1e-6 L1 of both.
    """
    mask = torch.sigmoid(mask_logits)
    parts = {
        "depth_ssim": 1 - ssim(depth, true.depth).mean(),
        "mask_ssim": 1 - ssim(mask, true.mask).mean(),
        "depth_mse": F.mse_loss(depth, true.depth),
        "mask_mse": F.mse_loss(mask, true.mask),
        "depth_l1": F.l1_loss(depth, true.depth),
        "mask_l1": F.l1_loss(mask, true.mask),
    }
    total = sum(
        (weight * parts[name] for name, weight in MDEAS_WEIGHTS.items()), depth.new_zeros(())
    )
    return {"loss": total, **parts}
