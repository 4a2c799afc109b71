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


def in_agreement(
    predictor: Predictor, pictures: Sequence[Picture], frame: Size, *, insist: bool
) -> Predictor:
    """The same teacher at work, in torch where its engine answers some pictures otherwise.

    Raises TeacherError where it is insisted on that engine.
    """
    if predictor.network.engine == "torch" or predictor.teacher.network is None:
        return predictor
    in_torch = Predictor(predictor.teacher, CPU_ENGINES["torch"](predictor.teacher))
    pairs = zip(predictor.answers(pictures, frame), in_torch.answers(pictures, frame), strict=True)
    off = max((share_of_range(*pair) for pair in pairs), default=0.0)
    if off <= TOLERANCE or np.isnan(off):
        return predictor
    if insist:
        raise TeacherError(
            f"{predictor.teacher.name} answers otherwise in {predictor.network.engine} than in "
            f"torch, by {off:.1%} of its range; use --engine torch."
        )
    return in_torch
