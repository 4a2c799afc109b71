"""Every foreground that a plan places, as columns: the first of each sample and all the others."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from data_manifest.plan import Plan
from data_manifest.plan_columns import OTHERS
from data_manifest.record import Size
from datagen.planning.geometry import Bools, Floats, Ints, shown_length


class PlacementTable(NamedTuple):
    """All placements of a plan, (placements,) each; a sample's first ones come before all others.

    ``row`` is the sample's row in the plan, ``fg`` a position in the list of foregrounds; the other
    columns are those of data_manifest.record.Placement.
    """

    row: Ints
    fg: Ints
    scale: Floats
    angle: Floats
    x: Ints
    y: Ints
    width: Ints
    height: Ints
    labelled: Bools

    def centres(self, frame: Size) -> Floats:
        """Centres of the boxes, (placements, 2) as fractions of the frame, x first."""
        corner = np.stack([self.x, self.y], axis=1)
        return (corner + np.stack([self.width, self.height], axis=1) / 2) / frame

    def outside(self, frame: Size) -> Floats:
        """The share of each box that lies out of the frame, (placements,) in [0, 1]."""
        seen = shown_length(self.x, self.width, frame.width) * shown_length(
            self.y, self.height, frame.height
        )
        return np.asarray(1 - seen / np.maximum(self.width * self.height, 1))


def all_placements(plan: Plan, ids: Sequence[str]) -> PlacementTable:
    """The placements of ``plan``; ``ids`` are the foregrounds in their order."""
    columns: dict[str, Any] = {
        "row": np.arange(len(plan)),
        "fg": codes(plan, "fg", ids),
        "labelled": np.ones(len(plan), bool),
        **{name: plan.column(name) for name in _NUMBERS},
    }
    if OTHERS in plan.table.column_names and len(plan):
        others = _others(plan.table.column(OTHERS).combine_chunks(), ids)
        columns = {name: np.concatenate([first, others[name]]) for name, first in columns.items()}
    return PlacementTable(**columns)


def used_sources(plan: Plan) -> tuple[set[str], set[str]]:
    """The ids of the backgrounds and of the foregrounds that a plan's samples show."""
    bgs, fgs = (
        {plan.words(name)[code] for code in np.unique(plan.column(name))} for name in ("bg", "fg")
    )
    if OTHERS in plan.table.column_names:
        structs = plan.table.column(OTHERS).combine_chunks().flatten()
        fgs |= set(structs.field("fg").unique().to_pylist())
    return bgs, fgs


def codes(plan: Plan, name: str, ids: Sequence[str]) -> Ints:
    """Column ``name``, bg or fg, as positions in ``ids``; shape (n,)."""
    return _positions(plan.words(name), ids)[plan.column(name).astype(np.int64)]


def _positions(words: Sequence[str], ids: Sequence[str]) -> Ints:
    position = {id_: number for number, id_ in enumerate(ids)}
    return np.array([position[word] for word in words], np.int64)


_NUMBERS = ("scale", "angle", "x", "y", "width", "height")


def _others(column: pa.ListArray, ids: Sequence[str]) -> dict[str, Any]:
    lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    structs = column.flatten()
    words = structs.field("fg").dictionary_encode()
    table = _positions(words.dictionary.to_pylist(), ids)
    return {
        "row": np.repeat(np.arange(len(column)), lengths),
        "fg": table[words.indices.to_numpy(zero_copy_only=False)],
        **{
            name: structs.field(name).to_numpy(zero_copy_only=False)
            for name in (*_NUMBERS, "labelled")
        },
    }
