"""The sizes that a run shows its pictures in, one after another."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

from data_manifest.commands.options import LEAST_SIDE, MOST_SIDE, shown
from data_manifest.record import Size
from train.models.names import Described

EXAMPLE = "96, 128x96, or 96:10,192:5 for ten epochs at 96 and then five at 192"


@dataclass(frozen=True)
class SizePlan:
    """Sizes with their numbers of epochs; a single size may leave its number open."""

    steps: tuple[tuple[Size, int | None], ...]

    def __str__(self) -> str:
        return ",".join(
            shown(size) + (f":{epochs}" if epochs else "") for size, epochs in self.steps
        )

    @property
    def epochs(self) -> int | None:
        """All epochs together, where the plan says so."""
        counts = [epochs for _, epochs in self.steps if epochs]
        return sum(counts) if len(counts) == len(self.steps) else None

    @property
    def last(self) -> Size:
        """The size that the student is for."""
        return self.steps[-1][0]


def _parse(value: object) -> object:
    if isinstance(value, int):
        value = str(value)
    if not isinstance(value, str):
        return value
    steps = [_step(word.strip()) for word in value.split(",")]
    if len(steps) > 1 and not all(epochs for _, epochs in steps):
        raise ValueError(f"each of several sizes needs its epochs; give {EXAMPLE}")
    return SizePlan(tuple(steps))


def _step(word: str) -> tuple[Size, int | None]:
    text, colon, epochs = word.partition(":")
    size = Size.parse(text)
    assert isinstance(size, Size)
    if colon and (not epochs.isdecimal() or int(epochs) < 1):
        raise ValueError(f"{word!r} isn't SIZE:EPOCHS; give {EXAMPLE}")
    return size, int(epochs) if colon else None


def _within(plan: SizePlan) -> SizePlan:
    for size, _ in plan.steps:
        if not all(LEAST_SIDE <= side <= MOST_SIDE for side in size):
            raise ValueError(f"sides must be from {LEAST_SIDE} to {MOST_SIDE} pixels")
    return plan


Sizes = Annotated[
    SizePlan, BeforeValidator(_parse), AfterValidator(_within), PlainSerializer(str, str)
]
"""``96``, ``128x96``, or ``96:10,192:5``: sizes with their numbers of epochs."""


def wrong_sides(size: Size, student: Described) -> str:
    """In words, what sides a student needs that ``size`` doesn't have; nothing where it fits."""
    multiple, smallest = student.multiple, student.smallest
    if min(size) >= smallest and all(side % multiple == 0 for side in size):
        return ""
    least = -(-smallest // multiple) * multiple
    near = Size(*(max(side // multiple * multiple, least) for side in size))
    return f"needs sides that are {student.sides.replace('any', 'any number')}, such as {near:x}"
