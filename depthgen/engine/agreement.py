"""Whether an engine that a network was brought into says what the network itself says.

Tracers follow one path through a network: one that decides by what it sees may come out as another.
"""

from collections.abc import Sequence

import numpy as np

from data_manifest.errors import TeacherError
from data_manifest.record import Picture, Size
from depthgen.engine.batches import TOLERANCE, share_of_range
from depthgen.engine.choose import CPU_ENGINES
from depthgen.engine.predict import Predictor


def off_torch(predictor: Predictor, pictures: Sequence[Picture], frame: Size) -> float:
    """The largest difference to torch's answers to some pictures, as a share of their range.

    0 where torch itself runs the network, or can't.
    """
    if predictor.network.engine == "torch" or predictor.teacher.network is None:
        return 0.0
    in_torch = Predictor(predictor.teacher, CPU_ENGINES["torch"](predictor.teacher))
    pairs = zip(predictor.answers(pictures, frame), in_torch.answers(pictures, frame), strict=True)
    return max((share_of_range(*pair) for pair in pairs), default=0.0)


def in_agreement(
    predictor: Predictor, pictures: Sequence[Picture], frame: Size, *, insist: bool
) -> Predictor:
    """The same teacher at work, in torch where its engine says something else.

    Raises TeacherError where it is insisted on that engine.
    """
    off = off_torch(predictor, pictures, frame)
    if off <= TOLERANCE or np.isnan(off):
        return predictor
    if insist:
        raise TeacherError(
            f"{predictor.teacher.name} answers otherwise in {predictor.network.engine} than in "
            f"torch, by {off:.1%} of its range; use --engine torch."
        )
    return Predictor(predictor.teacher, CPU_ENGINES["torch"](predictor.teacher))
