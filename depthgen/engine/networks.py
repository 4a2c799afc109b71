"""What every engine offers: a network that takes batches of one size, from several threads."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from data_manifest.errors import TeacherError
from data_manifest.record import Picture

Answers = npt.NDArray[np.float32]


class Network(Protocol):
    """A teacher's network at work.

    It takes ``batch`` pictures at a time, always so many, and may be asked from ``lanes`` threads
    at once. ``precision`` is that of its arithmetic.
    """

    engine: str
    precision: str
    batch: int
    lanes: int

    def answer(self, rgb: Picture) -> Answers:
        """(batch, h, w, 3) uint8 RGB to (batch, h', w') float32, in the teacher's space."""

    def begin_lane(self) -> None:
        """Settle a thread that is to ask it beside others."""

    def halve(self) -> bool:
        """Take half as many at a time, as memory ran out; False where that can't be."""


def squeezed(answers: npt.NDArray[np.generic], name: str, batch: int) -> Answers:
    """A network's output as (batch, h', w') float32.

    Raises TeacherError where its shape is neither (batch, h', w') nor (batch, 1, h', w').
    """
    flat = answers[:, 0] if answers.ndim == 4 and answers.shape[1] == 1 else answers
    if flat.ndim != 3 or len(flat) != batch:
        raise TeacherError(
            f"{name} answers {batch} pictures with an array of shape {answers.shape}; expected "
            f"({batch}, height, width)."
        )
    return flat.astype(np.float32, copy=False)
