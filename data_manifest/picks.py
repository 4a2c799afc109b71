"""Some of many, spread evenly: the one way in which limits and previews choose."""

import numpy as np
import numpy.typing as npt


def spread(total: int, count: int | None) -> npt.NDArray[np.int64]:
    """At most ``count`` of the numbers from 0 to ``total`` - 1, ascending; all where it is None.

    The number k is ``k * total // count``, computed so that nothing overflows.
    """
    if count is None or count >= total:
        return np.arange(total)
    step, rest = divmod(total, count)
    index = np.arange(count)
    return index * step + index * rest // count
