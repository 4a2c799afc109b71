"""What was judged, by which rules, as rows of JSON and as a table for a person.

No number stands without its alignment, crop, cap and clamp: they change it as much as a teacher
does.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from depthgen.config import Crop
from depthgen.judging.align import Alignment
from depthgen.judging.crops import Cap
from depthgen.judging.metrics import NAMES, Metrics, Sums

MEAN, POOLED = "mean", "pooled"
"""What stands for a picture where a row is of all: the mean of their metrics, or of all pixels."""
DASH = "-"
UNITS = {"rmse_m": "rmse [m]"}
Cell = str | int | float | None


class Rules(NamedTuple):
    """How a number was made; ``disparity_floor`` is in 1/m, None for 1 / farthest true depth."""

    alignment: Alignment
    crop: Crop
    cap: Cap
    disparity_floor: float | None = None

    @property
    def clamp(self) -> str:
        """To what an answer was cut off before it was measured."""
        if self.alignment != "affine_disparity":
            return "cap"
        if self.disparity_floor is None:
            return "cap, disparity >= 1/farthest"
        return f"cap, disparity >= {self.disparity_floor:g}/m"


@dataclass(frozen=True)
class Judged:
    """A row of the table: a teacher on a picture, or MEAN or POOLED over all of them.

    ``pixels`` were judged, by ``metrics``, None where there is no entry. ``sums`` are those of a
    single picture, for pooling.
    """

    teacher: str
    picture: str
    rules: Rules
    pixels: int
    metrics: Metrics | None
    sums: Sums | None = None

    def as_row(self) -> dict[str, Cell]:
        """The row for JSON: rules and metrics by name, None where there is no number."""
        rules, metrics = self.rules, self.metrics or Metrics(*[None] * len(NAMES))
        return {
            "teacher": self.teacher,
            "picture": self.picture,
            "alignment": rules.alignment,
            "crop": rules.crop,
            "cap_low_m": rules.cap.low_m,
            "cap_high_m": rules.cap.high_m,
            "clamp": rules.clamp,
            "pixels": self.pixels,
            **metrics._asdict(),
        }


def as_json(rows: Sequence[Judged]) -> str:
    """The rows as a JSON list."""
    return json.dumps([row.as_row() for row in rows], indent=2) + "\n"


def as_text(rows: Sequence[Judged]) -> str:
    """The rows as lines, numbers to the right; a dash where there is no entry."""
    heads = ["teacher", "picture", "alignment", "crop", "cap [m]", "clamp", "pixels"]
    heads += [UNITS.get(name, name) for name in NAMES]
    lines = [heads, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    first_number = heads.index("pixels")
    return "\n".join(
        "  ".join(
            cell.rjust(width) if number >= first_number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def _cells(row: Judged) -> list[str]:
    rules = row.rules
    cap = f"{rules.cap.low_m:g} to {rules.cap.high_m:g}"
    numbers = row.metrics or [None] * len(NAMES)
    return [
        row.teacher,
        row.picture,
        rules.alignment,
        rules.crop,
        cap,
        rules.clamp,
        f"{row.pixels:,}",
        *(DASH if number is None else f"{number:.4f}" for number in numbers),
    ]
