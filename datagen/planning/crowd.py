"""Several foregrounds a sample: further labelled ones, and distractors that are not labelled."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from data_manifest.plan_columns import PLACEMENT
from datagen.planning.geometry import Bools, Floats, Ints, Shapes, shown_length
from datagen.planning.place import Cutouts, Draws, PlacementColumns, place, position
from datagen.planning.recipe import Recipe

TRIES = 24


class Crowd(NamedTuple):
    """Foregrounds drawn over the first, columns per slot, and where they are really drawn.

    ``present`` and ``labelled`` are (slots, n) bool; ``left_out`` counts foregrounds for which no
    position was found that hides others little enough.
    """

    slots: list[PlacementColumns]
    present: Bools
    labelled: Bools
    left_out: int

    def notes(self) -> list[str]:
        """What the user should know."""
        if not self.left_out:
            return []
        return [
            f"{self.left_out:,} further foregrounds were left out: they would have hidden more of "
            "others than --occlusion allows; a smaller --scale makes room."
        ]


def crowd(
    recipe: Recipe,
    cutouts: Cutouts,
    first: PlacementColumns,
    rows: Ints,
    pools: tuple[Ints, Sequence[Ints]],
) -> Crowd:
    """Place further foregrounds over the first of every sample.

    ``rows`` says which samples are placed alike; ``pools`` are a pool number per sample, (n,), and
    the foregrounds of each pool, so that a training sample never shows a held-out one.
    """
    count = len(first.fg)
    labelled = _count(recipe.objects, Draws(recipe.seed, "objects", rows)) - 1
    total = labelled + _count(recipe.distractors, Draws(recipe.seed, "distractors", rows))
    hidden, placed = [np.zeros(count)], [first]
    present = [np.ones(count, bool)]
    left_out = 0
    for slot in range(int(total.max(initial=0))):
        draws = Draws(recipe.seed, f"/{slot + 1}", rows)
        fg = _choose(pools, draws)
        number = draws.whole("step", np.full(count, max(len(recipe.scale_steps), 1)))
        new = place(recipe, cutouts, fg, draws, number)
        wanted = total > slot
        new, found = _least_hiding(recipe, new, draws, (placed, hidden, present))
        left_out += int(np.count_nonzero(wanted & ~found))
        present.append(wanted & found)
        for number_below, below in enumerate(placed):
            share = _hidden_share(below, new, recipe) * (present[-1] & present[number_below])
            hidden[number_below] = hidden[number_below] + share
        placed.append(new)
        hidden.append(np.zeros(count))
    slots = np.arange(len(placed) - 1)[:, None]
    return Crowd(placed[1:], np.array(present[1:], bool), slots < labelled, left_out)


def _count(bounds: tuple[float, float], draws: Draws) -> Ints:
    low, high = map(int, bounds)
    return low + draws.whole("", np.full(len(draws.place), high - low + 1))


def _choose(pools: tuple[Ints, Sequence[Ints]], draws: Draws) -> Ints:
    pool, members = pools
    every: Ints = np.concatenate(members)
    sizes = np.array([len(of_pool) for of_pool in members])
    starts = np.cumsum(sizes) - sizes
    chosen: Ints = every[starts[pool] + draws.whole("fg", sizes[pool])]
    return chosen


def _least_hiding(
    recipe: Recipe,
    new: PlacementColumns,
    draws: Draws,
    below: tuple[list[PlacementColumns], list[Floats], list[Bools]],
) -> tuple[PlacementColumns, Bools]:
    """The first of some positions that hides none of those below beyond the limit; where it did."""
    shape = Shapes(new.scale, new.width, new.height, new.fill)
    x, y = new.x, new.y
    found = np.zeros(len(x), bool)
    for attempt in range(TRIES):
        again = Draws(draws.seed, f"{draws.suffix}/{attempt}", draws.place)
        trial_x, trial_y = position(recipe, shape, again)
        trial = new._replace(x=trial_x, y=trial_y)
        fits = ~found
        for lower, hidden, present in zip(*below, strict=True):
            share = hidden + _hidden_share(lower, trial, recipe)
            fits &= (share <= recipe.occlusion) | ~present
        x, y = np.where(fits, trial_x, x), np.where(fits, trial_y, y)
        found |= fits
    return new._replace(x=x, y=y), found


def _hidden_share(below: PlacementColumns, above: PlacementColumns, recipe: Recipe) -> Floats:
    """At most which share of the mask of ``below`` is hidden, from boxes and fills alone."""
    overlap = np.ones(len(below.x))
    axes = (("x", "width", recipe.size.width), ("y", "height", recipe.size.height))
    for start, extent, side in axes:
        low = np.maximum(getattr(below, start), getattr(above, start))
        high = np.minimum(
            getattr(below, start) + getattr(below, extent),
            getattr(above, start) + getattr(above, extent),
        )
        overlap = overlap * shown_length(low, np.maximum(high - low, 0), side)
    mask = below.fill * below.width * below.height
    return overlap / np.maximum(mask, 1)


def others_column(crowd: Crowd, ids: Sequence[str], blends: Sequence[str]) -> pa.ListArray:
    """The ``others`` column of the plan: a list of placements per sample."""
    slots, count = crowd.present.shape
    taken = crowd.present.T.ravel()
    offsets = np.concatenate([[0], np.cumsum(crowd.present.sum(axis=0))])
    words = {"fg": np.array(ids, object), "blend": np.array(blends, object)}
    arrays = []
    for field in PLACEMENT:
        if field.name == "labelled":
            table = crowd.labelled
        else:
            table = np.array([getattr(slot, field.name) for slot in crowd.slots])
        values = table.reshape(slots, count).T.ravel()[taken]
        if field.name in words:
            values = words[field.name][values.astype(np.int64)]
        arrays.append(pa.array(values, field.type))
    struct = pa.StructArray.from_arrays(arrays, fields=list(PLACEMENT))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), struct)
