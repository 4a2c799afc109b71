"""Curves that vary a picture's colours, as exposure and contrast do, where it is trained on.

Of a value x in [0, 1] a curve makes ``min(gain * x / (1 + bend * x), 1)``, with a gain and a bend
of each colour. It stands for a power, as Schlick's bias does for Perlin's (Schlick 1994, "Fast
Alternatives to Perlin's Bias and Gain Functions"), in a fifth of the time, and two such curves are
one again. They are drawn where a sample is read, and its colours bent on the trainer's device.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

CURVE_VALUES = 6
CurveValues = npt.NDArray[np.float32]
UNBENT = np.array([1, 1, 1, 0, 0, 0], np.float32)
"""What is written of a curve that leaves colours as they are."""


class Curve(NamedTuple):
    """Gain and bend of each colour, (3,)."""

    gain: npt.NDArray[np.float64]
    bend: npt.NDArray[np.float64]

    @classmethod
    def drawn(cls, rng: np.random.Generator, gain: float, gamma: float) -> "Curve":
        """Each colour is multiplied by 1 - ``gain`` to 1 + ``gain``, all are bent alike.

        0 and 1 are left where that brings them, and 0.5 goes where a power of 1 - ``gamma`` to
        1 + ``gamma`` takes it.
        """
        *colours, power = rng.uniform(-1, 1, 4)
        brought = 1 + gain * np.array(colours)
        gains = brought / (2 ** (1 + gamma * power) - 1)
        return cls(gains, gains - brought)

    def then(self, other: "Curve") -> "Curve":
        """The curve of both, one after the other, without a limit between them."""
        return Curve(self.gain * other.gain, self.bend + other.bend * self.gain)

    def write(self, values: CurveValues) -> None:
        """Write it as CURVE_VALUES float32."""
        values[:3], values[3:] = self


def bent(pictures: Tensor, curves: Tensor) -> Tensor:
    """(B, 3, h, w) uint8 pictures as float32 in [0, 1], by the curves written in (B, CURVE_VALUES).

    Pictures have channels last in memory, and so has the result.
    """
    width = pictures.shape[3]
    by_pixel: Any = (curves / 255).view(-1, 2, 1, 3).repeat(1, 1, 1, width)
    gain, bend = by_pixel.unbind(1)
    rows = pictures.permute(0, 2, 3, 1).flatten(2).float()
    divisor = torch.addcmul(rows.new_ones(1), rows, bend)
    rows.mul_(gain).div_(divisor).clamp_max_(1)
    return rows.view(len(rows), -1, width, 3).permute(0, 3, 1, 2)
