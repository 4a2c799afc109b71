"""From an aligned prediction to a row of the table, and from rows to their mean and pool."""

from collections.abc import Sequence

import numpy as np

from data_manifest.record import Depth, Mask
from depthgen.judging.align import Aligned
from depthgen.judging.metrics import Metrics, clamp, mean, measure, pooled, sum_up
from depthgen.judging.table import MEAN, POOLED, Judged, Rules


def judge(
    teacher: str, picture: str, aligned: Aligned | None, true_m: Depth, valid: Mask, rules: Rules
) -> Judged:
    """The row of one picture, cut off at the cap first; without an entry where ``aligned`` is None.

    ``true_m`` is (H, W) float in metres, ``valid`` what ``crops.judged_region`` gives by the rules.
    """
    pixels = int(np.count_nonzero(valid))
    if aligned is None:
        return Judged(teacher, picture, rules, pixels, None)
    depth_m = clamp(aligned.depth_m, rules.cap)
    metrics, sums = measure(depth_m, true_m, valid), sum_up(depth_m, true_m, valid)
    return Judged(teacher, picture, rules, pixels, metrics, sums)


def summarise(rows: Sequence[Judged]) -> list[Judged]:
    """MEAN and POOLED of every teacher and rules, in their order, over the pictures with an entry.

    Both are of pictures that were aligned one by one. Pixels without an entry aren't counted, but
    where there is no entry at all.
    """
    groups: dict[tuple[str, Rules], list[Judged]] = {}
    for row in rows:
        groups.setdefault((row.teacher, row.rules), []).append(row)
    return [summary for group in groups.values() for summary in _summary(group)]


def _summary(group: Sequence[Judged]) -> list[Judged]:
    entries = [row for row in group if row.metrics is not None]
    pixels = sum(row.pixels for row in entries or group)
    found: dict[str, Metrics | None] = {
        MEAN: mean([row.metrics for row in entries if row.metrics]),
        POOLED: pooled([row.sums for row in entries if row.sums]),
    }
    teacher, rules = group[0].teacher, group[0].rules
    return [Judged(teacher, name, rules, pixels, metrics) for name, metrics in found.items()]
