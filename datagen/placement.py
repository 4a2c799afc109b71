"""Placement i as a pure function of the recipe and i, for all i at once."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from data_manifest.errors import UsageError
from data_manifest.header import Source
from data_manifest.plan import SCHEMA, Plan
from data_manifest.record import SPLITS
from datagen.random_draws import uniform, whole
from datagen.recipe import Recipe
from datagen.split import split_codes

KEY_DIGITS = 8
MOST_SAMPLES = 200_000_000
_Ints = npt.NDArray[np.int64]


def make_plan(
    recipe: Recipe, backgrounds: Sequence[Source], foregrounds: Sequence[Source]
) -> tuple[Plan, list[str]]:
    """The plan of a recipe, and what the user should know of its splits.

    Samples are the grid background x foreground x flip x n, in that order; with ``limit`` they are
    spread evenly over it.
    """
    grid = (len(backgrounds), len(foregrounds), 2, recipe.n)
    total = math.prod(grid)
    count = min(total, recipe.limit or total)
    if count > MOST_SAMPLES:
        raise UsageError(
            f"{count:,} samples are more than {MOST_SAMPLES:,}; give a smaller --n or --limit."
        )
    index = np.arange(count)
    cell = _spread(index, total, count)
    bg, fg, flip, _ = np.unravel_index(cell, grid)
    scale, width, height = _sizes(recipe, foregrounds, fg)
    splits, notes = split_codes(recipe, (backgrounds, foregrounds), (bg, fg))
    columns = {
        "index": index,
        "key": pc.utf8_lpad(pa.array(index).cast(pa.string()), KEY_DIGITS, "0"),
        "bg": _words(bg, [source.id for source in backgrounds]),
        "fg": _words(fg, [source.id for source in foregrounds]),
        "flip": flip.astype(bool),
        "scale": scale,
        "angle": np.zeros(len(index)),
        "x": whole(uniform(recipe.seed, "x", len(index)), recipe.size - width + 1),
        "y": whole(uniform(recipe.seed, "y", len(index)), recipe.size - height + 1),
        "width": width,
        "height": height,
        "blend": _words(np.zeros(len(index), np.int32), ["alpha"]),
        "split": _words(splits, list(SPLITS)),
        "shard": index // recipe.shard_size,
        "row": index % recipe.shard_size,
    }
    arrays = [pa.array(columns[field.name]).cast(field.type) for field in SCHEMA]
    return Plan(pa.Table.from_arrays(arrays, schema=SCHEMA)), notes


def _spread(index: _Ints, total: int, count: int) -> _Ints:
    """``index * total // count`` without overflow: the grid cells of a limited plan."""
    step, rest = divmod(total, count)
    return index * step + index * rest // count


def _sizes(
    recipe: Recipe, foregrounds: Sequence[Source], fg: _Ints
) -> tuple[npt.NDArray[np.float64], _Ints, _Ints]:
    """Scale, width and height of every placement; the longer side is scale x size."""
    low, high = recipe.scale
    scale = low + (high - low) * uniform(recipe.seed, "scale", len(fg))
    longer = np.maximum(np.rint(scale * recipe.size).astype(np.int64), 1)
    boxes = np.array([source.box[2:] for source in foregrounds], np.int64)[fg]
    sides = np.rint(longer[:, None] * boxes / boxes.max(axis=1, keepdims=True)).astype(np.int64)
    return scale, np.maximum(sides[:, 0], 1), np.maximum(sides[:, 1], 1)


def _words(codes: npt.NDArray[np.integer], words: list[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int32)), pa.array(words, pa.string())
    )
