"""Portions: few pictures at a time, fewer where they are large, each of them once."""

import numpy as np

from train.answering.portions import PIXELS, portions
from train.answering.predictor import BATCH


def sizes(sides: list[int]) -> list[list[int]]:
    pictures = [np.broadcast_to(np.uint8(0), (side, side, 3)) for side in sides]
    return [[len(one) for one in portion] for portion in portions(pictures, lambda one: one)]


def test_portions() -> None:
    assert sizes([10] * (BATCH + 2)) == [[10] * BATCH, [10] * 2]
    huge = int((2 * PIXELS) ** 0.5)
    half = int((PIXELS / 2) ** 0.5)
    assert sizes([huge, huge, 5, half, half, half]) == [[huge], [huge], [5, half], [half, half]]
    assert sizes([]) == []
