"""One object, one depth: what a pasted thing's label may be, whatever a teacher says of it."""

import numpy as np

from depthgen.teachers.space import Space, Values, middle


def held_together(values: Values, most_relief: float) -> Values:
    """An object's depths, (n,), as relief around their median that never exceeds ``most_relief``.

    Teachers tear pasted things apart, half of a cat at the distance of the trees behind it.
    """
    centre = np.float32(middle(values))
    most = np.float32(most_relief)
    return np.asarray(centre + most * np.tanh((values - centre) / most))


def in_front(values: Values, hidden: Values, space: Space, percent: float) -> Values:
    """An object's depths moved so that it isn't behind what it hides, pixel by pixel (n,) each.

    As a whole it is no farther than the nearest ``percent`` of what it hides.
    """
    centre, nearest = middle(values), space.nearest(hidden, percent)
    moved = values if space.is_nearer(centre, nearest) else values + np.float32(nearest - centre)
    return space.nearer_of(moved, hidden)
