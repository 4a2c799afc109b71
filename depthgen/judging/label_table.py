"""Kinds of labels in a table, and whether measures of quality find where labels are wrong."""

from collections.abc import Sequence
from typing import Any, get_args

import numpy as np

from data_manifest.depth_stage import LabelKind
from data_manifest.pictures.sheet import Strip, depth_limits, depth_tile, mask_tile, sheet
from data_manifest.record import Picture
from depthgen.judging.compare_labels import Comparison, Error
from depthgen.judging.sparsification import sparsify
from depthgen.judging.table import DASH
from depthgen.quality.measure import Quality

KINDS: tuple[LabelKind, ...] = get_args(LabelKind)
PLACES = ("outside", "inside", "in front")
ALL = "all"
_NEGATED = ("pop",)  # measures that are lower where a label is worse


def label_rows(errors: Sequence[Error]) -> list[dict[str, Any]]:
    """Means over labels by place, scene and kind, the mean of all scenes last."""
    rows: list[dict[str, Any]] = []
    for where in PLACES:
        scenes = list(dict.fromkeys(error.scene for error in errors if error.where == where))
        for kind in KINDS:
            means = []
            for scene in scenes:
                of_scene = [e for e in errors if (e.where, e.scene, e.kind) == (where, scene, kind)]
                if not of_scene:
                    continue
                means.append(np.mean([[e.absrel, e.delta1] for e in of_scene], axis=0))
                rows.append(_row(where, scene, kind, len(of_scene), means[-1]))
            if means:
                count = sum(e.where == where and e.kind == kind for e in errors)
                rows.append(_row(where, ALL, kind, count, np.mean(means, axis=0)))
    return rows


def _row(where: str, scene: str, kind: str, count: int, means: np.ndarray) -> dict[str, Any]:
    absrel, delta1 = (float(value) for value in means)
    return {"where": where, "scene": scene, "labels": kind, "composites": count,
            "absrel": absrel, "delta1": delta1}  # fmt: skip


def label_text(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as lines, the kinds side by side."""
    heads = "".join(f"{kind:>20}" for kind in KINDS)
    lines = [
        f"{'where':10}{'scene':18}{'composites':>10}{heads}",
        " " * 38 + "    absrel    delta1" * len(KINDS),
    ]
    cells = {(row["where"], row["scene"], row["labels"]): row for row in rows}
    for where, scene in dict.fromkeys((row["where"], row["scene"]) for row in rows):
        of_scene = [cells.get((where, scene, kind)) for kind in KINDS]
        numbers = "".join(_numbers(row) for row in of_scene)
        count = max(row["composites"] for row in of_scene if row)
        lines.append(f"{where:10}{scene:18}{count:>10}{numbers}")
    return "\n".join(lines)


def _numbers(row: dict[str, Any] | None) -> str:
    if row is None:
        return f"{DASH:>10}" * 2
    return f"{row['absrel']:>10.3f}{row['delta1']:>10.3f}"


def quality_rows(qualities: Sequence[tuple[Quality, float]]) -> list[dict[str, Any]]:
    """How well each measure of a composite finds those whose labels are wrong outside the mask.

    By the area under the sparsification error, 0 is perfect, and under the random gain, above 0 is
    better than chance; both of AbsRel. Measures that aren't there are left out.
    """
    errors = np.array([error for _, error in qualities])
    rows: list[dict[str, Any]] = []
    for name in Quality._fields:
        values = np.array([getattr(quality, name) for quality, _ in qualities])
        known = ~np.isnan(values)
        if not known.any() or np.ptp(values[known]) == 0:
            continue
        doubt = -values if name in _NEGATED else values
        found = sparsify(errors[known], doubt[known])
        if found is not None:
            rows.append({"measure": name, "ause": found.ause, "aurg": found.aurg})
    return rows


def quality_text(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as lines."""
    lines = [f"{'measure':14}{'AUSE':>9}{'AURG':>9}"]
    lines += [f"{row['measure']:14}{row['ause']:>9.4f}{row['aurg']:>9.4f}" for row in rows]
    return "\n".join(lines)


def label_sheet(found: Comparison, near_is: str) -> Picture:
    """A composite of each scene with its labels of every kind, in the same colours."""
    strips = []
    for scene, pasted, labels in found.shown:
        limits = depth_limits([labels[kind] for kind in KINDS])
        tiles = [pasted.fg_bg, mask_tile(pasted.mask)]
        tiles += [depth_tile(labels[kind], limits, near_is) for kind in KINDS]
        strips.append(Strip(tiles, scene))
    return sheet(("fg_bg", "mask", *KINDS), strips)
