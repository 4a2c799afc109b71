"""What can be answered without looking: an honest model must be clearly better."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from train.data.batch import ReadBatch

Maps = tuple[Tensor, Tensor]


def mean_maps(
    batches: Iterable[ReadBatch],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The mean mask and the mean depth target of the training split, (h, w) float64 each."""
    masks, depths, count = np.zeros(()), np.zeros(()), 0
    for batch in batches:
        masks = masks + batch.mask[:, 0].double().sum(dim=0).cpu().numpy()
        depths = depths + batch.depth[:, 0].double().sum(dim=0).cpu().numpy()
        count += len(batch.mask)
    return masks / count, depths / count


def best_constant_mask(mean_mask: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """The one mask, a level set of the mean mask, with the highest pooled IoU on what it is of.

    With R the region and m the mean mask, that IoU is sum(m in R) / (|R| + sum(m outside R)).
    """
    order = np.argsort(-mean_mask, axis=None)
    inside = np.cumsum(mean_mask.flat[order])
    iou = inside / (np.arange(1, inside.size + 1) + inside[-1] - inside)
    best = np.zeros(mean_mask.size, bool)
    best[order[: int(np.argmax(iou)) + 1]] = True
    return best.reshape(mean_mask.shape)


def baseline_maps(batches: Iterable[ReadBatch]) -> dict[str, Maps]:
    """The answers of each baseline, mask (1, 1, h, w) bool and depth (1, 1, h, w) target, by name.

    ``empty`` predicts no mask, ``mean`` the best constant mask; both predict the mean depth map.
    """
    mean_mask, mean_depth = mean_maps(batches)
    depth = torch.from_numpy(mean_depth).float()[None, None]
    constant = torch.from_numpy(best_constant_mask(mean_mask))[None, None]
    return {"empty mask": (torch.zeros_like(constant), depth), "mean mask": (constant, depth)}
