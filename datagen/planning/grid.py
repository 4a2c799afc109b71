"""Which sources every sample is made of: all pairs, or balanced draws of them."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from data_manifest.errors import UsageError
from datagen.planning.random_draws import permutation, uniform
from datagen.planning.recipe import Recipe

MOST_SAMPLES = 200_000_000
Ints = npt.NDArray[np.int64]


class Grid(NamedTuple):
    """A row per sample, (n,) each.

    ``bg`` and ``fg`` are positions of sources, ``number`` counts the placements of a pair from 0,
    ``variant`` is the position in ``--blend`` where every placement is drawn with each blend.
    Samples of one ``place`` are placed alike.
    """

    bg: Ints
    fg: Ints
    flip: npt.NDArray[np.bool_]
    number: Ints
    variant: Ints
    place: Ints


def make_grid(recipe: Recipe, backgrounds: int, foregrounds: int) -> Grid:
    """The grid of a recipe; raises UsageError where it is larger than any disk."""
    variants = len(recipe.blend) if recipe.blend_variants else 1
    if recipe.samples:
        return _balanced(recipe, backgrounds, foregrounds, variants)
    return _all_pairs(recipe, backgrounds, foregrounds, variants)


def _all_pairs(recipe: Recipe, backgrounds: int, foregrounds: int, variants: int) -> Grid:
    """Background x foreground x flip x n x variant; with ``limit`` spread evenly over it."""
    flips = 2 if recipe.flip in ("both", "twin") else 1
    axes = (backgrounds, foregrounds, flips, recipe.n, variants)
    total = math.prod(axes)
    index = _numbers(min(total, recipe.limit or total))
    cell = _spread(index, total, len(index))
    bg, fg, mirrored, number, variant = np.unravel_index(cell, axes)
    place = index
    if variants > 1 or recipe.flip == "twin":
        one_flip = np.zeros_like(mirrored) if recipe.flip == "twin" else mirrored
        first = np.ravel_multi_index((bg, fg, one_flip, number, np.zeros_like(variant)), axes)
        place = np.unique(first, return_inverse=True)[1]
    flip = mirrored.astype(bool) if flips == 2 else _flips(recipe, place)
    return Grid(bg, fg, flip, number, variant, place)


def _balanced(recipe: Recipe, backgrounds: int, foregrounds: int, variants: int) -> Grid:
    """Backgrounds one after the other, so that each is decoded once; foregrounds shuffled.

    Every background and every foreground is used equally often, but for one.
    """
    total = min(recipe.samples or 0, recipe.limit or recipe.samples or 0)
    index = _numbers(total)
    place, variant = index // variants, index % variants
    placements = int(place[-1]) + 1
    bg = np.arange(placements) * backgrounds // placements
    rounds = range(math.ceil(placements / foregrounds))
    fg = np.concatenate(
        [permutation(recipe.seed, f"pairing/{number}", foregrounds) for number in rounds]
    )[:placements]
    number = np.arange(placements) - np.searchsorted(bg, bg)
    return Grid(bg[place], fg[place], _flips(recipe, place), number[place], variant, place)


def _flips(recipe: Recipe, place: Ints) -> npt.NDArray[np.bool_]:
    if recipe.flip == "none":
        return np.zeros(len(place), bool)
    return (uniform(recipe.seed, "flip", int(place.max()) + 1) < 0.5)[place]


def _numbers(count: int) -> Ints:
    if count > MOST_SAMPLES:
        raise UsageError(
            f"{count:,} samples are more than {MOST_SAMPLES:,}; give a smaller --n or --limit."
        )
    return np.arange(count)


def _spread(index: Ints, total: int, count: int) -> Ints:
    """``index * total // count`` without overflow: the grid cells of a limited plan."""
    step, rest = divmod(total, count)
    return index * step + index * rest // count
