"""Losses of a mask: logits (B, 1, H, W) float beside truths 0 or 1 of that shape; (B,) each."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from train.losses import overlap, pixels
from train.losses.similarity import dissimilarity

Loss = Callable[[Tensor, Tensor], Tensor]
FOCAL_ALPHA, FOCAL_GAMMA = 0.25, 2.0


def bce(logits: Tensor, true: Tensor) -> Tensor:
    """Binary cross-entropy in nats, (B,); PyTorch's, which takes logits without overflow."""
    return pixels.mean(F.binary_cross_entropy_with_logits(logits, true, reduction="none"))


def focal(logits: Tensor, true: Tensor) -> Tensor:
    """Focal loss, (B,): cross-entropy times alpha_t (1 - p_t)² (Lin et al. 2017, alpha 0.25).

    p_t is the probability of what is true; alpha_t is 0.25 on the mask and 0.75 beside it. The mean
    of pixels, not divided by the number of true ones.
    """
    entropy = F.binary_cross_entropy_with_logits(logits, true, reduction="none")
    wrong = torch.sigmoid(torch.where(true > 0.5, -logits, logits))
    alpha = torch.where(true > 0.5, FOCAL_ALPHA, 1 - FOCAL_ALPHA)
    return pixels.mean(alpha * wrong**FOCAL_GAMMA * entropy)


def on_probability(loss: Loss) -> Loss:
    """A loss of probabilities as one of logits."""
    return lambda logits, true: loss(torch.sigmoid(logits), true)


MASK_LOSSES: dict[str, Loss] = {
    "bce": bce,
    "focal": focal,
    "dice": on_probability(overlap.dice),
    "iou": on_probability(overlap.iou),
    "tversky": on_probability(overlap.tversky),
    "mse": on_probability(pixels.mse),
    "l1": on_probability(pixels.l1),
    "rmse": on_probability(pixels.rmse),
    "ssim": on_probability(dissimilarity),
    "ssim3": on_probability(partial(dissimilarity, window=3)),
    "ssim5": on_probability(partial(dissimilarity, window=5)),
    "ssim7": on_probability(partial(dissimilarity, window=7)),
    "ssim11": on_probability(dissimilarity),
}
