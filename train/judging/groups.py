"""Where a student is weak: its samples by background, by foreground, and by the mask's size."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from train.judging.measure import JudgedSample

KINDS = {"bg": "background", "fg": "foreground", "mask_share": "mask, share of picture"}
"""By what samples are grouped, and how that is called."""
PARTS = 4
"""Groups of masks by their size, with as many samples each."""


class Group(NamedTuple):
    """Samples that have something in common.

    ``mask_iou`` is the mean of the samples' own; depth errors are of all their pixels.
    """

    name: str
    samples: int
    mask_iou: float
    depth_rmse: float
    depth_mae: float


def groups(samples: Sequence[JudgedSample]) -> dict[str, list[Group]]:
    """The groups of each kind; sizes of masks in their order, others by name."""
    return {
        "bg": _grouped(samples, lambda sample: sample.bg),
        "fg": _grouped(samples, lambda sample: sample.fg),
        "mask_share": by_mask_share(samples),
    }


def by_mask_share(samples: Sequence[JudgedSample]) -> list[Group]:
    """Parts of the samples from small masks to large ones, as equal as equal masks let them be."""
    shares = np.array([sample.mask_share for sample in samples])
    bounds = np.quantile(shares, np.linspace(0, 1, PARTS + 1))
    part = np.searchsorted(bounds[1:-1], shares, side="left")
    found = []
    for number in range(PARTS):
        members = [one for one, its in zip(samples, part, strict=True) if its == number]
        if members:
            found.append(_group(f"{bounds[number]:.1%} to {bounds[number + 1]:.1%}", members))
    return found


def weakest(found: Sequence[Group], count: int) -> tuple[list[Group], list[Group]]:
    """Those with the lowest mask IoU and those with the highest depth RMSE, the worst first."""
    by_mask = sorted(found, key=lambda group: group.mask_iou)
    by_depth = sorted(found, key=lambda group: -group.depth_rmse)
    return by_mask[:count], by_depth[:count]


def _grouped(
    samples: Sequence[JudgedSample], name_of: Callable[[JudgedSample], str]
) -> list[Group]:
    members: dict[str, list[JudgedSample]] = {}
    for sample in samples:
        members.setdefault(name_of(sample), []).append(sample)
    return [_group(name, members[name]) for name in sorted(members)]


def _group(name: str, members: Sequence[JudgedSample]) -> Group:
    """Samples have equally many pixels, so that the mean of their squares is that of all pixels."""
    iou, rmse, mae = (
        np.array([getattr(sample, column) for sample in members])
        for column in ("mask_iou", "depth_rmse", "depth_mae")
    )
    return Group(
        name, len(members), float(iou.mean()), float(np.sqrt(np.mean(rmse**2))), float(mae.mean())
    )
