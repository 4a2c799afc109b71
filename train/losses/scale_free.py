"""Losses that a wrong scale of depth counts little or nothing in.

Each takes target estimates and true targets, (B, 1, H, W) float, and gives (B,).
"""

from torch import Tensor

from train.losses.gradients import multiscale_gradient
from train.losses.pixels import ROOT_FLOOR, l1, mean, trimmed_l1

VARIANCE_FOCUS = 0.85  # Lee et al. 2019's; Eigen et al.'s is 0.5
LOG_FLOOR = 1e-3
"""Targets below count as this where their logarithm is taken."""
_LEAST_VARIANCE = 1e-10


def silog(predicted: Tensor, true: Tensor) -> Tensor:
    """Scale-invariant error of the logarithm, (B,): the root of mean g² - 0.85 (mean g)².

    g is the difference of logarithms (Eigen et al. 2014; the root and 0.85 are Lee et al.'s, 2019,
    whose factor 10 is left to the weight). An estimate below the floor has no gradient.
    """
    difference = predicted.clamp(min=LOG_FLOOR).log() - true.clamp(min=LOG_FLOOR).log()
    spread = mean(difference.square()) - VARIANCE_FOCUS * mean(difference).square()
    return (spread + ROOT_FLOOR).sqrt()


def aligned(predicted: Tensor, true: Tensor) -> Tensor:
    """``predicted`` under the scale and shift, of each sample, with the least squared error.

    Ranftl et al. 2020, equation 2; the gradient passes through both. The scale may be negative, so
    depth turned inside out counts as right: add a little of another loss. A flat estimate
    becomes the truth's mean.
    """
    centre, true_centre = (part.mean(dim=(1, 2, 3), keepdim=True) for part in (predicted, true))
    around, true_around = predicted - centre, true - true_centre
    covariance = (around * true_around).mean(dim=(1, 2, 3), keepdim=True)
    variance = around.square().mean(dim=(1, 2, 3), keepdim=True)
    return covariance / (variance + _LEAST_VARIANCE) * around + true_centre


def ssi(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean absolute error after ``aligned``, (B,)."""
    return l1(aligned(predicted, true), true)


def ssi_trimmed(predicted: Tensor, true: Tensor) -> Tensor:
    """The same without the largest fifth of the errors, (B,)."""
    return trimmed_l1(aligned(predicted, true), true)


def ssigrad(predicted: Tensor, true: Tensor) -> Tensor:
    """Multi-scale gradients of the error after ``aligned``, (B,) (Ranftl et al. 2020, eq. 11)."""
    return multiscale_gradient(aligned(predicted, true) - true)
