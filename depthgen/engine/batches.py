"""How many pictures a network takes at a time, and whether that changes what it says of each."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from data_manifest.errors import TeacherError
from data_manifest.record import Depth, Picture, Size
from depthgen.engine.predict import Predictor
from depthgen.engine.torch_network import OutOfMemory

LARGEST = 1024
_WORTH_IT = 1.05
"""How much faster twice as large a batch must be to be taken."""


class BatchCheck(NamedTuple):
    """What one picture alone and the same among others differ in: the largest of all pixels.

    ``share`` is that difference as a share of the range of the answer; ``one_by_one`` says that
    pictures are asked about singly because of it.
    """

    share: float
    one_by_one: bool

    def as_numbers(self) -> dict[str, float | str]:
        """As the header keeps it."""
        return {
            "alone_or_in_batch": self.share,
            "asked": "one by one" if self.one_by_one else "in batches",
        }


def settle_batch(
    predictor: Predictor, pictures: Sequence[Picture], frame: Size, known: int = 0
) -> BatchCheck:
    """Choose the batch on a GPU, and check that the others of a batch don't matter.

    A ``known`` batch is taken as it is. Where the others matter, pictures are asked about one by
    one. Raises TeacherError where even then two answers to the same picture differ.
    """
    if predictor.network.batch > 1 and known:
        predictor.network.batch = known
    elif predictor.network.batch > 1:
        _search(predictor, pictures[0], frame)
    share = _difference(predictor, pictures, frame)
    if share <= TOLERANCE:
        return BatchCheck(share, False)
    predictor.network.batch = predictor.network.lanes = 1
    again = _difference(predictor, pictures, frame)
    if again > TOLERANCE:
        raise TeacherError(
            f"{predictor.teacher.name} answers the same picture differently from one time to the "
            f"next, by {again:.1%} of its range; a teacher must always say the same."
        )
    return BatchCheck(share, True)


TOLERANCE = 1e-3
"""Share of the range of an answer; of FastDepth's, some millimetres."""


def _difference(predictor: Predictor, pictures: Sequence[Picture], frame: Size) -> float:
    together = predictor.answers([*pictures, *pictures[:1]], frame)
    alone = [predictor.answers([picture], frame)[0] for picture in pictures]
    return max(map(share_of_range, [*together[: len(alone)], together[-1]], [*alone, alone[0]]))


def share_of_range(one: Depth, other: Depth) -> float:
    """The largest difference of two answers, (H, W), as a share of the range of the other."""
    if not np.isfinite(one).all():
        return 0.0  # whoever stores it says so
    return float(np.abs(one - other).max() / max(float(np.ptp(other)), 1e-6))


def _search(predictor: Predictor, picture: Picture, frame: Size) -> None:
    """Double the batch while that pays and fits, from what fits at all."""
    network, best = predictor.network, 0.0
    predictor.answers([picture], frame)  # halves the batch until it fits
    while True:
        start = time.perf_counter()
        predictor.answers([picture] * network.batch, frame)
        rate = network.batch / (time.perf_counter() - start)
        if rate < best * _WORTH_IT:
            network.batch //= 2
            return
        best = rate
        if network.batch >= LARGEST:
            return
        network.batch *= 2
        whole = network.batch
        try:
            predictor.answers([picture], frame)
        except OutOfMemory:
            return
        if network.batch < whole:
            return
