"""Metrics, named for what they are; sums are kept in float64, so counts don't blur them."""

import torch
from torch import Tensor

from data_manifest.header import DepthEncoding
from train.data import Batch
from train.losses import ssim

NAMES = (
    "mask_iou",
    "mask_dice",
    "depth_mae",
    "depth_rmse",
    "depth_absrel",
    "depth_delta1",
    "depth_ssim",
)
LEAST = 1e-3  # depth below this is taken as this where it is divided by


class Meter:
    """Collects predictions and truths; ``result`` gives the metrics of all of them together.

    - ``mask_iou``, ``mask_dice``: intersection over union, and Dice coefficient, of all pixels
      pooled; a pixel is predicted mask from probability 0.5.
    - ``depth_mae``, ``depth_rmse``: mean absolute and root mean square error in the depth's unit.
    - ``depth_absrel``: mean of absolute error over true depth. ``depth_delta1``: share of pixels
      where predicted and true depth differ by less than a factor of 1.25 (Eigen et al. 2014).
    - ``depth_ssim``: mean structural similarity of the [0, 1] targets.
    """

    def __init__(self, encoding: DepthEncoding) -> None:
        self._encoding = encoding
        self._sums: dict[str, float] = {}

    def add(self, mask: Tensor, depth: Tensor, true: Batch) -> None:
        """Add a batch: ``mask`` (B, 1, H, W) bool, ``depth`` (B, 1, H, W) target estimate.

        Estimates are clipped to [0, 1] first: no target lies outside, and no answer does.
        """
        depth = depth.clamp(0, 1)
        true_mask = true.mask > 0.5
        value, true_value = map(self._encoding.from_target, (depth, true.depth))
        error = (value - true_value).double()
        ratio = value.clamp(min=LEAST) / true_value.clamp(min=LEAST)
        self._count(
            pixels=float(error.numel()),
            samples=float(len(depth)),
            both=(mask & true_mask).sum(),
            either=(mask | true_mask).sum(),
            absolute=error.abs().sum(),
            squared=error.square().sum(),
            relative=(error.abs() / true_value.clamp(min=LEAST)).sum(),
            close=(torch.maximum(ratio, 1 / ratio) < 1.25).sum(),
            ssim=ssim(depth, true.depth).double().sum(),
        )

    def _count(self, **sums: Tensor | float) -> None:
        for name, value in sums.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value)

    def result(self) -> dict[str, float]:
        """The metrics by name; mask metrics are 1 where there is no mask and none predicted."""
        total = self._sums
        pixels, both, either = total["pixels"], total["both"], total["either"]
        return {
            "mask_iou": both / either if either else 1.0,
            "mask_dice": 2 * both / (both + either) if either else 1.0,
            "depth_mae": total["absolute"] / pixels,
            "depth_rmse": (total["squared"] / pixels) ** 0.5,
            "depth_absrel": total["relative"] / pixels,
            "depth_delta1": total["close"] / pixels,
            "depth_ssim": total["ssim"] / total["samples"],
        }
