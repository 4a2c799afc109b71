"""What a form of a student is worth on real samples."""

from typing import NamedTuple

import numpy as np
import torch

from train.data.draws import as_stored
from train.data.loader import Loader
from train.metrics.meter import Meter
from train.shipping.judging_samples import Judging
from train.shipping.variants import Variant, pictures_of

BATCH = 8
MASK_FROM = 0.5


class Worth(NamedTuple):
    """Intersection over union of the mask, and root mean square error of depth in its unit."""

    mask_iou: float
    depth_rmse: float


def worth(variant: Variant, judging: Judging) -> Worth:
    """What a variant is worth, at its own size, by the metrics of ``train evaluate``."""
    _, samples, encoding = judging
    meter = Meter(encoding)
    draws = as_stored(np.arange(len(samples)), BATCH, variant.size)
    for batch in Loader(samples, 0).batches(draws):
        mask, depth = map(torch.from_numpy, variant.answer(*pictures_of(batch)))
        meter.add(mask > MASK_FROM, encoding.to_target(depth), batch.as_float())
    found = meter.result()
    return Worth(found["mask_iou"], found["depth_rmse"])


def cost(judging: Judging, before: Worth, after: Worth) -> str:
    """In words, what a student was worth and what is left of it."""
    unit = judging.encoding.suffix
    return (
        f"on {judging}: mask IoU {before.mask_iou:.4f} before, {after.mask_iou:.4f} after; "
        f"depth RMSE {before.depth_rmse:.4f}{unit} before, {after.depth_rmse:.4f}{unit} after"
    )
