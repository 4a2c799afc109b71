"""Labels in layers: the background's depth, and foregrounds as upright planes, without a pass each.

An assumption, not an answer: that a pasted thing stands where its lowest pixels meet the ground.
"""

from typing import NamedTuple

import numpy as np

from data_manifest.record import Depth, Mask, Picture
from depthgen.labels.objects import in_front
from depthgen.labels.regions import regions
from depthgen.teachers.space import Space, middle


class Layering(NamedTuple):
    """The numbers that layered labels are made by.

    ``feet`` is the share of an object's height, from below, that stands on the ground; ``hidden``
    the percentile, from near, of what it hides that it isn't behind.
    """

    feet: float = 0.04
    hidden: float = 10.0


def layered(
    ground: Depth, mask: Mask, instance: Picture | None, space: Space, how: Layering
) -> Depth:
    """The label of a composite from its background's depth ``ground``, (H, W) float32, alone.

    ``mask`` (H, W) bool; ``instance`` (H, W) uint8 where there are several foregrounds. Each is an
    upright plane at the depth of the ground at its feet, in front of what it hides.
    """
    label = ground.copy()
    for region in regions(mask, instance, 0):
        theirs = ground[region.box]
        rows = max(round(how.feet * len(theirs)), 1)
        feet = theirs[-rows:][region.mask[-rows:]]
        hidden = theirs[region.mask]
        plane = np.full(len(hidden), middle(feet), np.float32)
        label[region.box][region.mask] = in_front(plane, hidden, space, how.hidden)
    return label
