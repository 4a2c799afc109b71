"""Metrics, named for what they are, out of sums over pixels; sums are float64, and exact."""

from typing import NamedTuple

import torch
from torch import Tensor

from data_manifest.depth_stage import DepthEncoding
from train.data.batch import Batch
from train.losses.similarity import ssim

NAMES = (
    "mask_iou",
    "mask_dice",
    "depth_mae",
    "depth_rmse",
    "depth_absrel",
    "depth_delta1",
    "depth_delta2",
    "depth_delta3",
    "depth_ssim",
)
LEAST = 0.01  # of the range of targets: depth below is taken as this where it is divided by
CLOSE = 1.25


class Sums(NamedTuple):
    """What metrics are made of, float64 tensors of one shape: of single samples or of many."""

    samples: Tensor
    pixels: Tensor
    both: Tensor
    either: Tensor
    absolute: Tensor
    squared: Tensor
    relative: Tensor
    within1: Tensor
    within2: Tensor
    within3: Tensor
    ssim: Tensor


def sum_up(mask: Tensor, depth: Tensor, true: Batch, encoding: DepthEncoding) -> Sums:
    """The sums of each sample, (B,), of ``mask`` (B, 1, H, W) bool and ``depth``, target estimates.

    ``true`` is as floats. Estimates are clipped to [0, 1] first: no target lies outside, and no
    answer does.
    """
    depth = depth.clamp(0, 1)
    true_mask = true.mask > 0.5
    value, true_value = map(encoding.from_target, (depth, true.depth))
    error = (value - true_value).double()
    least = LEAST / encoding.target_scale
    divisor = true_value.clamp(min=least)
    ratio = value.clamp(min=least) / divisor
    apart = torch.maximum(ratio, 1 / ratio)
    similarity = ssim(depth, true.depth).double()
    return Sums(
        samples=torch.ones_like(similarity),
        pixels=torch.full_like(similarity, error[0].numel()),
        both=_sum(mask & true_mask),
        either=_sum(mask | true_mask),
        absolute=_sum(error.abs()),
        squared=_sum(error.square()),
        relative=_sum(error.abs() / divisor),
        within1=_sum(apart < CLOSE),
        within2=_sum(apart < CLOSE**2),
        within3=_sum(apart < CLOSE**3),
        ssim=similarity,
    )


def figures(sums: Sums) -> dict[str, Tensor]:
    """The metrics by name, of the shape of the sums.

    - ``mask_iou``, ``mask_dice``: intersection over union, and Dice coefficient, of all pixels
      pooled; 1 where there is no mask and none predicted.
    - ``depth_mae``, ``depth_rmse``: mean absolute and root mean square error in the depth's unit.
    - ``depth_absrel``: mean of absolute error over true depth. ``depth_delta1``, ``2``, ``3``:
      share of pixels where predicted and true depth are less than a factor of 1.25, its square
      and its cube apart (Eigen et al. 2014).
    - ``depth_ssim``: mean structural similarity of the [0, 1] targets.
    """
    pixels, both, either = sums.pixels, sums.both, sums.either
    empty = either == 0
    return {
        "mask_iou": torch.where(empty, 1, both / either),
        "mask_dice": torch.where(empty, 1, 2 * both / (both + either)),
        "depth_mae": sums.absolute / pixels,
        "depth_rmse": (sums.squared / pixels).sqrt(),
        "depth_absrel": sums.relative / pixels,
        "depth_delta1": sums.within1 / pixels,
        "depth_delta2": sums.within2 / pixels,
        "depth_delta3": sums.within3 / pixels,
        "depth_ssim": sums.ssim / sums.samples,
    }


def per_sample(
    mask: Tensor, depth: Tensor, true: Batch, encoding: DepthEncoding
) -> dict[str, Tensor]:
    """Each sample's own metrics by name, (B,) float64; takes what ``sum_up`` takes.

    Their mean isn't the metric of all samples together: there, large masks count more.
    """
    return figures(sum_up(mask, depth, true, encoding))


def _sum(values: Tensor) -> Tensor:
    return values.flatten(1).sum(1).double()
