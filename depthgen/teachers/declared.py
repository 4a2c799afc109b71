"""What a user says of a teacher on the command line, and whether the teacher agrees."""

import math
from dataclasses import dataclass, fields, replace

from data_manifest.errors import UsageError
from data_manifest.record import Size
from depthgen.teachers.card import Kind, Meaning, Near, Unit

OF_KIND: dict[Kind, Meaning] = {
    "metric": Meaning("metres", "metric", "small"),
    "relative": Meaning("none", "relative", "small"),
    "relative_inverse": Meaning("none", "relative_inverse", "large"),
}
"""What a kind alone says. Relative depth may also be largest where it is near."""


@dataclass(frozen=True)
class Declared:
    """The options ``--unit``, ``--kind``, ``--near-is``, ``--limits`` and ``--input-size``.

    None is what the user leaves to the teacher. ``limits`` are the least and the largest depth that
    is meant, in ``unit``; ``input_size`` is in pixels.
    """

    unit: Unit | None = None
    kind: Kind | None = None
    near_is: Near | None = None
    limits: tuple[float, float] | None = None
    input_size: Size | None = None


def agreed(name: str, said: Meaning, declared: Declared) -> Meaning:
    """What the teacher ``name`` says of its numbers, with limits where only the user knows them.

    Raises UsageError where the user says something else than the teacher.
    """
    for field in fields(Meaning):
        known, given = getattr(said, field.name), getattr(declared, field.name)
        if None not in (known, given) and known != given:
            raise _contradiction(name, field.name, known, given)
    return replace(said, limits=said.limits or _limits(declared))


def meaning_of(name: str, declared: Declared) -> Meaning:
    """What a teacher means that says nothing itself: all that the user says, or its kind implies.

    Raises UsageError where neither kind nor metres are given, or where they contradict each other.
    """
    kind = declared.kind or ("metric" if declared.unit == "metres" else None)
    if kind is None:
        raise UsageError(
            f"{name} doesn't say what its numbers mean; give --kind metric (metres), relative (no "
            "unit, near is small) or relative_inverse (no unit, near is large)."
        )
    said = OF_KIND[kind]
    if kind == "relative" and declared.near_is:
        said = replace(said, near_is=declared.near_is)
    return agreed(f"{kind} depth", said, declared)


def fixed_size(name: str, size: Size, declared: Declared) -> Size:
    """The one input size that ``name`` has. Raises UsageError where another is declared."""
    if declared.input_size not in (None, size):
        raise _contradiction(name, "input_size", size, declared.input_size)
    return size


def needed_size(name: str, declared: Declared) -> Size:
    """The input size that only the user knows. Raises UsageError where it isn't declared."""
    if declared.input_size is None:
        raise UsageError(
            f"{name} doesn't say how large a picture it takes; give --input-size WIDTHxHEIGHT."
        )
    return declared.input_size


def _limits(declared: Declared) -> tuple[float, float] | None:
    if declared.limits is None:
        return None
    low, high = declared.limits
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UsageError(f"--limits {low:g}:{high:g}: the first must be below the second.")
    return declared.limits


def _contradiction(name: str, field: str, known: object, given: object) -> UsageError:
    flag = f"--{field.replace('_', '-')}"
    return UsageError(
        f"{flag} {_shown(given)}: {name} has {_shown(known)}, which can't be declared otherwise; "
        f"leave out {flag}."
    )


def _shown(value: object) -> str:
    match value:
        case Size():
            return f"{value:x}"
        case (float() | int() as low, float() | int() as high):
            return f"{low:g}:{high:g}"
    return str(value)
