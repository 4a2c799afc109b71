"""Placement i as a pure function of the recipe and i, for all i at once."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from data_manifest.header import Source
from data_manifest.plan import Plan
from data_manifest.plan_columns import OPTIONAL, OTHERS, SCHEMA, words_column
from data_manifest.record import SPLITS
from datagen.planning.crowd import crowd, others_column
from datagen.planning.grid import Grid, make_grid
from datagen.planning.key import DEFAULT_KEY, fill
from datagen.planning.place import Cutouts, Draws, PlacementColumns, place
from datagen.planning.recipe import Recipe
from datagen.planning.split import Candidates, split_samples

KEY_DIGITS = 8
_SAMPLE_BYTES, _NAME_BYTES, _OTHER_BYTES = 300, 250, 350
"""Memory at a plan's peak, measured: a sample, its name if not the usual, each other foreground."""


def plan_bytes(recipe: Recipe, samples: int) -> int:
    """About how much memory it takes to make the plan of so many samples."""
    others = np.mean(recipe.objects) - 1 + np.mean(recipe.distractors)
    name = _NAME_BYTES if recipe.key != DEFAULT_KEY else 0
    return int(samples * (_SAMPLE_BYTES + name + others * _OTHER_BYTES))


def make_plan(
    recipe: Recipe, backgrounds: Sequence[Source], foregrounds: Sequence[Source]
) -> tuple[Plan, list[str]]:
    """The plan of a recipe, and what the user should know of its splits and placements."""
    grid = make_grid(recipe, len(backgrounds), len(foregrounds))
    candidates = (Candidates.of(backgrounds), Candidates.of(foregrounds))
    splits = split_samples(recipe, recipe.seed, candidates, (grid.bg, grid.fg))
    cutouts, blends = Cutouts.of(foregrounds), list(recipe.blend)
    bg_ids, fg_ids = ([source.id for source in kind] for kind in (backgrounds, foregrounds))
    first = place(recipe, cutouts, grid.fg, Draws(recipe.seed, "", grid.place), grid.number)
    first = first._replace(flip=grid.flip)
    if recipe.blend_variants:
        first = first._replace(blend=grid.variant)
    index = np.arange(len(grid.bg))
    columns = {
        "index": index,
        "key": _keys(recipe, grid, bg_ids, fg_ids),
        "bg": words_column(grid.bg, bg_ids),
        **_placement_columns(recipe, first),
        "fg": words_column(first.fg, fg_ids),
        "blend": words_column(first.blend, blends),
        "split": words_column(splits.codes, list(SPLITS)),
        "shard": index // recipe.shard_size,
        "row": index % recipe.shard_size,
    }
    notes = splits.notes
    if recipe.multi:
        others = crowd(recipe, cutouts, first, grid.place, splits.pools(grid.fg))
        columns[OTHERS] = others_column(others, fg_ids, blends)
        notes = [*notes, *others.notes()]
    fields = [field for field in (*SCHEMA, *OPTIONAL) if field.name in columns]
    arrays = [pa.array(columns[field.name]).cast(field.type) for field in fields]
    return Plan(pa.Table.from_arrays(arrays, schema=pa.schema(fields))), notes


def _placement_columns(
    recipe: Recipe, placed: PlacementColumns
) -> dict[str, npt.NDArray[np.generic]]:
    """The numbers of a placement; of the optional columns only those that the recipe uses."""
    names = ["flip", "scale", "angle", "x", "y", "width", "height"]
    if recipe.shear != (0, 0):
        names += ["shear"]
    if recipe.jitter:
        names += ["red", "green", "blue"]
    return {name: getattr(placed, name) for name in names}


def _keys(
    recipe: Recipe, grid: Grid, bg_ids: Sequence[str], fg_ids: Sequence[str]
) -> pa.Array | list[str]:
    index = np.arange(len(grid.bg))
    if recipe.key == DEFAULT_KEY:
        return pc.utf8_lpad(pa.array(index).cast(pa.string()), KEY_DIGITS, "0")
    columns = {
        "index": index.tolist(),
        "bg": [bg_ids[number] for number in grid.bg],
        "fg": [fg_ids[number] for number in grid.fg],
        "bg_number": (grid.bg + 1).tolist(),
        "fg_number": (grid.fg + 1).tolist(),
        "flip": grid.flip.astype(int).tolist(),
        "number": (grid.number + 1).tolist(),
    }
    return fill(recipe.key, columns, len(index))
