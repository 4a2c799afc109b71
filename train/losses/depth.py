"""Losses of depth: target estimates (B, 1, H, W) float beside targets in [0, 1]; (B,) each."""

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from train.losses import overlap, pixels, scale_free
from train.losses.gradients import grad
from train.losses.mask import Loss
from train.losses.similarity import dissimilarity, rmse_ssim, vathos_ssim

PROBABILITY_FLOOR = 1e-6


def bce(predicted: Tensor, true: Tensor) -> Tensor:
    """Binary cross-entropy of depth as a probability, (B,) in nats; not 0 for equal pictures.

    Estimates are kept 1e-6 away from 0 and 1. Beyond they have no gradient: for students whose
    depth is bounded.
    """
    inside = predicted.clamp(PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)
    return pixels.mean(F.binary_cross_entropy(inside, true, reduction="none"))


def iou(predicted: Tensor, true: Tensor) -> Tensor:
    """1 - sum of the smaller over sum of the larger depths, (B,) in [0, 1]; negative ones are 0.

    For the intersection over union in Gilf641's loss of depth, whose intersection is a product: the
    truth isn't what that is least for, it draws every estimate to 0 or 1.
    """
    inside = predicted.clamp(min=0)
    smaller, larger = torch.minimum(inside, true), torch.maximum(inside, true)
    return 1 - (_sum(smaller) + overlap.SMOOTH) / (_sum(larger) + overlap.SMOOTH)


def _sum(values: Tensor) -> Tensor:
    return values.flatten(1).sum(1)


DEPTH_LOSSES: dict[str, Loss] = {
    "mse": pixels.mse,
    "l1": pixels.l1,
    "rmse": pixels.rmse,
    "berhu": pixels.berhu,
    "trimmed_l1": pixels.trimmed_l1,
    "bce": bce,
    "iou": iou,
    "grad": grad,
    "ssim": dissimilarity,
    "ssim3": partial(dissimilarity, window=3),
    "ssim5": partial(dissimilarity, window=5),
    "ssim7": partial(dissimilarity, window=7),
    "ssim11": dissimilarity,
    "vathos_ssim": vathos_ssim,
    "rmse_ssim": rmse_ssim,
    "silog": scale_free.silog,
    "ssi": scale_free.ssi,
    "ssi_trimmed": scale_free.ssi_trimmed,
    "ssigrad": scale_free.ssigrad,
}
