"""What the earlier systems would have published of a student: see ``train.metrics.legacy``."""

import torch
from torch import Tensor

from train.data.batch import Batch
from train.metrics.legacy import (
    legacy_futartup_dice,
    legacy_gilf_iou,
    legacy_mdeas_miou,
    legacy_mdeas_ssim_depth,
    legacy_mdeas_ssim_mask,
    legacy_sushmitha_dice,
    legacy_uday96_within,
    legacy_vathos_miou,
    legacy_vathos_mrmse,
)

LABELS = {
    "mdeas_ssim_mask": "MDEAS: mask accuracy",
    "mdeas_ssim_depth": "MDEAS: depth accuracy",
    "mdeas_miou_mask": "MDEAS: mask mIoU",
    "mdeas_miou_depth": "MDEAS: depth mIoU",
    "gilf_iou": "Gilf641: IoU score",
    "vathos_miou": "vathos: mIOU",
    "vathos_mrmse": "vathos: mRMSE",
    "sushmitha_dice_mask": "Sushmitha-Katti: mask Coef",
    "sushmitha_dice_depth": "Sushmitha-Katti: depth Coef",
    "futartup_dice": "futartup: Dice",
    **{f"uday96_within{n}_mask": f"uday96: mask t<1.25^{n}" for n in (1, 2, 3)},
    **{f"uday96_within{n}_depth": f"uday96: depth t<1.25^{n}" for n in (1, 2, 3)},
}
"""Each figure's name in JSON, and what its authors called it."""
WEIGHTED = "mdeas"
"""Whose means over batches count samples; those of the others count batches."""


class LegacyMeter:
    """Collects batches; ``result`` gives the figures by name."""

    def __init__(self) -> None:
        self._values: list[dict[str, float]] = []
        self._counts: list[int] = []

    def add(self, mask_logits: Tensor, depth: Tensor, true: Batch) -> None:
        """Add a batch: mask logits and depth target estimates, (B, 1, H, W)."""
        self._values.append(_figures(mask_logits, depth.clamp(0, 1), true))
        self._counts.append(len(depth))

    def result(self) -> dict[str, float]:
        """Means over batches."""
        found = {}
        for name in LABELS:
            counts = self._counts if name.startswith(WEIGHTED) else [1] * len(self._counts)
            values = [batch[name] for batch in self._values]
            total = sum(value * count for value, count in zip(values, counts, strict=True))
            found[name] = total / sum(counts)
        return found


def _figures(mask_logits: Tensor, depth: Tensor, true: Batch) -> dict[str, float]:
    probability = torch.sigmoid(mask_logits)
    within = {
        f"uday96_within{n}_{what}": value
        for what, said, truth in (("mask", probability, true.mask), ("depth", depth, true.depth))
        for n, value in enumerate(legacy_uday96_within(said, truth), 1)
    }
    figures = {
        "mdeas_ssim_mask": legacy_mdeas_ssim_mask(mask_logits, true.mask),
        "mdeas_ssim_depth": legacy_mdeas_ssim_depth(depth, true.depth),
        "mdeas_miou_mask": legacy_mdeas_miou(probability, true.mask),
        "mdeas_miou_depth": legacy_mdeas_miou(depth, true.depth),
        "gilf_iou": legacy_gilf_iou(mask_logits, true.mask),
        "vathos_miou": legacy_vathos_miou(mask_logits, true.mask),
        "vathos_mrmse": legacy_vathos_mrmse(depth, true.depth),
        "sushmitha_dice_mask": legacy_sushmitha_dice(mask_logits, true.mask),
        "sushmitha_dice_depth": legacy_sushmitha_dice(torch.logit(depth), true.depth),
        "futartup_dice": legacy_futartup_dice(probability, true.mask),
    }
    return {name: float(value) for name, value in {**figures, **within}.items()}
