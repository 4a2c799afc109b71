"""Losses of single pixels' errors.

Each takes (B, 1, H, W) float, predicted and true, and gives a value per sample, (B,) of the same
type: so a batch may be divided among processes or steps and its mean stays what it was.
"""

import torch
from torch import Tensor

ROOT_FLOOR = 1e-6
"""Added below a square root, whose slope at 0 is infinite; vathos's for RMSE."""
BERHU_SHARE = 0.2
_LEAST = 1e-6


def mean(values: Tensor) -> Tensor:
    """The mean of each sample, (B, ...) to (B,)."""
    return values.flatten(1).mean(1)


def mse(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean squared error, (B,)."""
    return mean((predicted - true).square())


def l1(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean absolute error, (B,)."""
    return mean((predicted - true).abs())


def rmse(predicted: Tensor, true: Tensor) -> Tensor:
    """Root of the mean squared error and ``ROOT_FLOOR``, (B,); 0.001 for equal pictures.

    vathos took the root over the whole batch, which made its loss depend on the batch's size.
    """
    return (mse(predicted, true) + ROOT_FLOOR).sqrt()


def berhu(predicted: Tensor, true: Tensor) -> Tensor:
    """Reverse Huber loss, (B,): |e| up to c, (e² + c²) / 2c beyond (Laina et al. 2016).

    c is a fifth of the sample's largest error, a constant to the gradient. Laina et al. take the
    largest of the batch; vathos took logits for estimates, and multiplied by c.
    """
    error = (predicted - true).abs()
    limit = BERHU_SHARE * error.detach().amax(dim=(1, 2, 3), keepdim=True).clamp(min=_LEAST)
    return mean(torch.where(error <= limit, error, (error.square() + limit**2) / (2 * limit)))


def trimmed_l1(predicted: Tensor, true: Tensor) -> Tensor:
    """Mean absolute error without the largest fifth, (B,); see ``trimmed_mean``."""
    return trimmed_mean((predicted - true).abs())


def trimmed_mean(values: Tensor) -> Tensor:
    """The mean of the smallest four fifths of each sample's values, (B, ...) to (B,).

    Ranftl et al. 2020 leave out 20 % too, but divide by the number of all.
    """
    flat = values.flatten(1)
    kept = flat.shape[1] - flat.shape[1] // 5
    return flat.topk(kept, dim=1, largest=False, sorted=False).values.mean(1)
