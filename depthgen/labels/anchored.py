"""Labels anchored to their background: a pasted object doesn't move the rest of the world."""

from typing import NamedTuple

import numpy as np

from data_manifest.record import Depth, Mask, Picture
from depthgen.labels.objects import held_together, in_front
from depthgen.labels.regions import Region, regions
from depthgen.teachers.space import Space, Values, middle


class Anchoring(NamedTuple):
    """The numbers that anchored labels are made by.

    ``ring`` is the width, as a share of the frame's shorter side, of what around an object brings
    its depth to the background's scale; ``relief`` the most that a part of it differs from its
    median, as a share of its size; ``hidden`` the percentile, from near, of what it hides that it
    isn't behind.
    """

    ring: float = 0.06
    relief: float = 0.15
    hidden: float = 10.0


def anchored(
    answer: Depth,
    ground: Depth,
    mask: Mask,
    instance: Picture | None,
    space: Space,
    how: Anchoring,
) -> Depth:
    """The label of a composite: ``ground`` outside the mask, ``answer`` brought to it inside.

    ``answer`` and ``ground``, (H, W) float32, are the teacher's answers to the composite and to its
    background; ``mask`` (H, W) bool; ``instance`` (H, W) uint8 where there are several foregrounds.
    Each foreground is aligned by what both say around it, held together, and in front of what it
    hides.
    """
    label, side = ground.copy(), min(ground.shape)
    width = max(round(how.ring * side), 2)
    unit = space.unit_of(ground)
    for region in regions(mask, instance, width):
        theirs = ground[region.box]
        inside = _aligned(answer[region.box], theirs, region, space, width)
        most = how.relief * np.sqrt(len(inside)) / side
        most *= abs(middle(inside)) if space.metric else unit
        whole = held_together(inside, max(most, 1e-6))
        label[region.box][region.mask] = in_front(whole, theirs[region.mask], space, how.hidden)
    return label


def _aligned(answer: Depth, ground: Depth, region: Region, space: Space, width: int) -> Values:
    """The answer within the mask on the scale of the ground, (n,)."""
    ring = region.ring(width)
    scale, shift = space.alignment(answer[ring], ground[ring])
    return np.asarray(answer[region.mask] * np.float32(scale) + np.float32(shift))
