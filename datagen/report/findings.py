"""Samples that a person should look at: the extremes, and those that look wrong."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from data_manifest.quality import Measures
from data_manifest.record import Size
from datagen.planning.geometry import Floats, Ints
from datagen.planning.placement_table import PlacementTable
from datagen.report.measure import Measured

SHOWN = 6
FAINT_LEVELS = 12.0
"""Mean difference of fg_bg and bg within a foreground, in levels of 255, below which it is hardly
seen; JPEG alone makes 2 to 4."""
MOST_OUTSIDE = 0.5


class Finding(NamedTuple):
    """Samples of one kind: how many were found, among which, and the SHOWN that are so the most.

    ``rows`` are rows of the plan, ``reasons`` say what is special about each.
    """

    what: str
    found: int
    among: str
    rows: list[int]
    reasons: list[str]


def suspicions(measured: Measured, placed: PlacementTable, size: Size) -> list[Finding]:
    """What may be wrong, found or not."""
    sampled = f"{len(measured.rows):,} measured samples"
    outside = np.zeros(int(placed.row.max(initial=-1)) + 1)
    np.maximum.at(outside, placed.row, placed.outside(size) * placed.labelled)
    return [
        _finding(
            "an empty mask",
            sampled,
            (measured.rows, measured.area, measured.area == 0),
            lambda _: "the mask is empty",
        ),
        _finding(
            "a foreground that can hardly be seen",
            sampled,
            (measured.rows, measured.contrast, measured.contrast < FAINT_LEVELS),
            lambda levels: f"hardly seen: differs from bg by {levels:.1f} of 255",
        ),
        _finding(
            "a foreground with more than half of its box out of the frame",
            f"all {len(outside):,} samples",
            (np.arange(len(outside)), -outside, outside > MOST_OUTSIDE),
            lambda share: f"cut off: {-share:.0%} of the box is out of the frame",
        ),
    ]


def extremes(measured: Measured) -> list[Finding]:
    """The smallest and largest masks, and the foregrounds that others hide most, where any are."""
    rows, area = measured.rows, measured.area
    sampled = f"{len(rows):,} measured samples"
    found = [
        _finding("smallest masks", sampled, (rows, area, area > 0), _covers),
        _finding("largest masks", sampled, (rows, -area, area > 0), _covers),
        _finding(
            "most occluded",
            sampled,
            (rows, -measured.hidden, measured.hidden > 0),
            lambda share: f"{-share:.0%} of a foreground is hidden by others",
        ),
    ]
    return [finding for finding in found if finding.found]


DOUBTFUL: dict[str, tuple[str, float]] = {
    "shift": ("largest shift", -1),
    "flip": ("largest difference to the mirror image's answer", -1),
    "disagreement": ("largest disagreement of two teachers", -1),
    "pop": ("least in front of what is hidden", 1),
}
"""Measures of quality: what their worst samples are called, and the sign that puts them first."""


def doubtful(quality: Measures) -> list[Finding]:
    """The samples whose depth labels are least to be trusted, by each measure that was taken."""
    found = []
    for name, (what, sign) in DOUBTFUL.items():
        values = quality.get(name)
        if values is not None:
            rows, numbers = np.arange(len(values)), sign * values.astype(np.float64)
            chosen = (rows, numbers, ~np.isnan(values))
            among = f"all {len(values):,} samples"
            found.append(_finding(what, among, chosen, _said(name)))
    return found


def _said(name: str) -> Callable[[float], str]:
    return lambda value: f"{name} {abs(value):.2f}"


def _covers(share: float) -> str:
    return f"the mask covers {abs(share):.2%}"


def _finding(
    what: str,
    among: str,
    chosen: tuple[Ints, Floats, npt.NDArray[np.bool_]],
    reason: Callable[[float], str],
) -> Finding:
    """The SHOWN samples of smallest value; ``chosen`` are rows, values, and which are meant."""
    rows, values, where = chosen
    rows, values = rows[where], values[where]
    first = np.argsort(values, kind="stable")[:SHOWN]
    reasons = [reason(value) for value in values[first]]
    return Finding(what, len(rows), among, rows[first].tolist(), reasons)
