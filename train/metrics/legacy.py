"""Figures that earlier systems published, computed as they did: to compare with, not to trust.

Each takes a batch, (B, 1, H, W) float: logits of the mask or target estimates of the depth, and
truths in [0, 1]; and gives a scalar of the batch. What they published is its mean over batches,
in MDEAS weighted by their sizes, in vathos, Sushmitha-Katti and uday96 not.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from train.losses.pixels import ROOT_FLOOR, mse
from train.losses.similarity import ssim

UDAY96_RANGE = (0.1, 1.0)


def legacy_mdeas_ssim_mask(mask_logits: Tensor, true: Tensor) -> Tensor:
    """MDEAS's "mask accuracy": mean SSIM of the probability, 11 pixels; in its text times 100.

    It counts no pixels: where both are flat it is 1, so an empty mask already scores the share of
    the picture far from the true one.
    """
    return ssim(torch.sigmoid(mask_logits), true).mean()


def legacy_mdeas_ssim_depth(depth: Tensor, true: Tensor) -> Tensor:
    """MDEAS's "depth accuracy": mean SSIM of the target, 11 pixels; in its text times 100.

    It is of pictures' look: a depth that is wrong by a constant is hardly punished.
    """
    return ssim(depth, true).mean()


def legacy_mdeas_miou(predicted: Tensor, true: Tensor) -> Tensor:
    """MDEAS's "mIoU" of a mask's probability or of depth, in steps of a tenth.

    ``.byte()`` turns whatever is below 1 into 0, so a mask of probability 0.999 scores 0; and then
    IoU counts from 0.5, 0.1 for each 0.05 rounded up: 1 from 0.95. The log stays at .12 to .20.
    """
    ours, theirs = predicted.squeeze(1).byte(), true.squeeze(1).byte()
    both, either = (part.float().sum((1, 2)) for part in (ours & theirs, ours | theirs))
    iou = (both + 1e-6) / (either + 1e-6)
    return (torch.clamp(20 * (iou - 0.5), 0, 10).ceil() / 10).mean()


def legacy_gilf_iou(mask_logits: Tensor, true: Tensor) -> Tensor:
    """Gilf641's "IoU score": 1 - binary cross-entropy.

    No intersection and no union: no overlap at all may score 0.9 where masks are small, and a
    confident error sends it far below 0.
    """
    return 1 - F.binary_cross_entropy_with_logits(mask_logits, true)


def legacy_vathos_miou(mask_logits: Tensor, true: Tensor) -> Tensor:
    """vathos's "mIOU": the mean of samples' I / (P + T), soft.

    P + T counts the intersection twice, so a perfect mask scores 0.5: half the Dice coefficient.
    """
    probability = torch.sigmoid(mask_logits)
    both = (probability * true).sum((1, 2, 3))
    return (both / ((probability + true).sum((1, 2, 3)) + 1e-6)).mean()


def legacy_vathos_mrmse(depth: Tensor, true: Tensor) -> Tensor:
    """vathos's "mRMSE": the root of a batch's mean squared error and 1e-6.

    A mean of roots isn't the root of the mean: smaller batches score better. Equal depths score
    0.001.
    """
    return (mse(depth, true).mean() + ROOT_FLOOR).sqrt()


def legacy_sushmitha_dice(logits: Tensor, true: Tensor) -> Tensor:
    """Sushmitha-Katti's "Coef", of mask or depth logits: soft Dice, the mean of samples.

    The truths had been divided by 255 twice (``Normalize`` with a deviation of 255, 65025 in all),
    so what answers them exactly scores the mean of their squares over their mean: 0.0039 for a
    mask, 0.0032 for their depth; and a probability of 1 on the mask scores more, 0.0078.
    """
    return _dice(torch.sigmoid(logits), true / 255)


def legacy_futartup_dice(probability: Tensor, true: Tensor) -> Tensor:
    """futartup's Dice coefficient, soft, of what it is given; the mean of samples.

    Right as far as it goes, but never called on the network's answer: the log has the share of
    pixels that equal the argmax over the one channel there is, always 0, with the truth.
    """
    return _dice(probability, true)


def legacy_uday96_within(predicted: Tensor, true: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """uday96's "t<1.25" and its square and cube, of a mask's probability or of depth targets.

    Both are cut off to [0.1, 1] first, so whatever lies below 0.1 counts as right where the truth
    does, most of a picture for a mask: one without any mask scores the share of background.
    """
    ours, theirs = (part.clamp(*UDAY96_RANGE) for part in (predicted, true))
    apart = torch.maximum(ours / theirs, theirs / ours)
    first, second, third = ((apart < 1.25**power).float().mean() for power in (1, 2, 3))
    return first, second, third


def _dice(predicted: Tensor, true: Tensor) -> Tensor:
    both = (predicted * true).sum((1, 2, 3))
    areas = predicted.sum((1, 2, 3)) + true.sum((1, 2, 3)) + 1e-4
    return ((2 * both + 1e-4) / areas).mean()
