"""Which sources every sample is made of: all pairs, or balanced draws of them."""

import math
from typing import NamedTuple

import numpy as np

from data_manifest.errors import UsageError
from data_manifest.picks import spread
from datagen.planning.geometry import Bools, Ints
from datagen.planning.random_draws import permutation, uniform
from datagen.planning.recipe import Recipe

MOST_SAMPLES = 200_000_000


class Grid(NamedTuple):
    """A row per sample, (n,) each.

    ``bg`` and ``fg`` are positions of sources, ``number`` counts the placements of a pair from 0,
    ``variant`` is the position in ``--blend`` where every placement is drawn with each blend.
    Samples of one ``place`` are placed alike.
    """

    bg: Ints
    fg: Ints
    flip: Bools
    number: Ints
    variant: Ints
    place: Ints


def count_samples(recipe: Recipe, backgrounds: int, foregrounds: int) -> int:
    """How many samples a recipe makes; raises UsageError where no disk holds so many."""
    total = recipe.samples or math.prod(_axes(recipe, backgrounds, foregrounds))
    count = min(total, recipe.limit or total)
    if count > MOST_SAMPLES:
        raise UsageError(
            f"{count:,} samples are more than {MOST_SAMPLES:,}; give a smaller --n or --limit."
        )
    return count


def make_grid(recipe: Recipe, backgrounds: int, foregrounds: int) -> Grid:
    """The grid of a recipe; raises UsageError where it is larger than any disk."""
    count = count_samples(recipe, backgrounds, foregrounds)
    if recipe.samples:
        return _balanced(recipe, backgrounds, foregrounds, count)
    return _all_pairs(recipe, backgrounds, foregrounds, count)


def _axes(recipe: Recipe, backgrounds: int, foregrounds: int) -> tuple[int, int, int, int, int]:
    flips = 2 if recipe.flip in ("both", "twin") else 1
    return backgrounds, foregrounds, flips, recipe.n, _variants(recipe)


def _variants(recipe: Recipe) -> int:
    return len(recipe.blend) if recipe.blend_variants else 1


def _all_pairs(recipe: Recipe, backgrounds: int, foregrounds: int, count: int) -> Grid:
    """Background x foreground x flip x n x variant, of which ``count`` are spread evenly."""
    axes = _axes(recipe, backgrounds, foregrounds)
    cell = spread(math.prod(axes), count)
    index = np.arange(len(cell))
    bg, fg, mirrored, number, variant = np.unravel_index(cell, axes)
    place = index
    if _variants(recipe) > 1 or recipe.flip == "twin":
        one_flip = np.zeros_like(mirrored) if recipe.flip == "twin" else mirrored
        first = np.ravel_multi_index((bg, fg, one_flip, number, np.zeros_like(variant)), axes)
        place = np.unique(first, return_inverse=True)[1]
    flip = mirrored.astype(bool) if axes[2] == 2 else _flips(recipe, place)
    return Grid(bg, fg, flip, number, variant, place)


def _balanced(recipe: Recipe, backgrounds: int, foregrounds: int, count: int) -> Grid:
    """Backgrounds one after the other, so that each is decoded once; foregrounds shuffled.

    Every background and every foreground is used equally often, but for one.
    """
    index, variants = np.arange(count), _variants(recipe)
    place, variant = index // variants, index % variants
    placements = int(place[-1]) + 1
    bg = np.arange(placements) * backgrounds // placements
    rounds = range(math.ceil(placements / foregrounds))
    fg = np.concatenate(
        [permutation(recipe.seed, f"pairing/{number}", foregrounds) for number in rounds]
    )[:placements]
    number = np.arange(placements) - np.searchsorted(bg, bg)
    return Grid(bg[place], fg[place], _flips(recipe, place), number[place], variant, place)


def _flips(recipe: Recipe, place: Ints) -> Bools:
    if recipe.flip == "none":
        return np.zeros(len(place), bool)
    return (uniform(recipe.seed, "flip", int(place.max()) + 1) < 0.5)[place]
