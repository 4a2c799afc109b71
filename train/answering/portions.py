"""A stream of pictures in portions that memory holds."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from data_manifest.record import Picture
from train.answering.predictor import BATCH

Item = TypeVar("Item")
PIXELS = 2**23
"""Of a portion together; an answer takes twenty bytes for each."""


def portions(items: Iterable[Item], picture_of: Callable[[Item], Picture]) -> Iterator[list[Item]]:
    """At most BATCH items at a time, of PIXELS together unless one alone has more."""
    held: list[Item] = []
    pixels = 0
    for item in items:
        height, width = picture_of(item).shape[:2]
        if held and (len(held) == BATCH or pixels + height * width > PIXELS):
            yield held
            held, pixels = [], 0
        held.append(item)
        pixels += height * width
    if held:
        yield held
