"""How a network is laid out by what its depth labels are."""

from typing import NamedTuple


class Layout(NamedTuple):
    """What of the depth labels decides a network's layers.

    ``layered`` is True where the background's own depth holds outside the mask, so that the scene
    is read from ``bg``; otherwise it is read from ``fg_bg``. A depth of m metres is
    ``m * target_scale + target_shift`` as a training target.
    """

    layered: bool = False
    target_scale: float = 0.1
    target_shift: float = 0.0
