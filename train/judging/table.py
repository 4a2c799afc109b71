"""What was found of a student as text, for a person."""

from collections.abc import Sequence

from train.judging.evaluation import Evaluation
from train.judging.groups import KINDS, PARTS, Group, weakest
from train.judging.legacy_figures import LABELS
from train.metrics.figures import NAMES

DASH = "-"
OF_UNIT = ("depth_mae", "depth_rmse")
SHOWN = 3
"""Groups of each kind that are shown as the weakest by mask, and by depth."""
SYMBOLS = {"metres": " [m]"}
Cells = list[str]


def as_text(found: Evaluation) -> str:
    """Who was judged, the table of all splits, the weakest groups, and the earlier figures."""
    parts = [f"{found.student} ({found.origin})", _splits(found), _groups(found)]
    if found.legacy:
        parts.append(_legacy(found))
    return "\n\n".join(parts)


def _splits(found: Evaluation) -> str:
    rows = [["split", "predictor", *(_head(name, found) for name in NAMES)]]
    for split, predictors in found.splits.items():
        for predictor, metrics in predictors.items():
            rows.append([split, predictor, *(_number(metrics[name]) for name in NAMES)])
    return _aligned(rows, words=2)


def _groups(found: Evaluation) -> str:
    columns = ("mask_iou", "depth_rmse", "depth_mae")
    rows = [["by", "", "samples", *(_head(name, found) for name in columns), "weakest in"]]
    for kind, members in found.groups.items():
        for group, why in _shown(members):
            numbers = (_number(getattr(group, name)) for name in columns)
            rows.append([KINDS[kind], group.name, f"{group.samples:,}", *numbers, why])
    title = "Where it is weakest, all splits together (mask_iou is the mean of the samples' own):"
    return f"{title}\n{_aligned(rows, words=2)}"


def _shown(members: Sequence[Group]) -> list[tuple[Group, str]]:
    """All of a few groups, else the weakest by mask, then by depth."""
    if len(members) <= PARTS:
        return [(group, "") for group in members]
    by_mask, by_depth = weakest(members, SHOWN)
    return [(group, "mask") for group in by_mask] + [(group, "depth") for group in by_depth]


def _legacy(found: Evaluation) -> str:
    rows = [["as earlier systems computed it", *found.legacy]]
    for name, label in LABELS.items():
        rows.append([label, *(_number(figures[name]) for figures in found.legacy.values())])
    return f"To compare with what they published, not to trust:\n{_aligned(rows, words=1)}"


def _head(name: str, found: Evaluation) -> str:
    return name + SYMBOLS.get(found.unit, "") if name in OF_UNIT else name


def _number(value: float | None) -> str:
    return DASH if value is None else f"{value:.4f}"


def _aligned(rows: Sequence[Cells], words: int) -> str:
    """Rows as lines; the first ``words`` columns to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            cell.ljust(width) if number < words else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
