"""How one foreground per sample is placed: scale, turn, position, blend and colour."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from data_manifest.header import Source
from datagen.planning.geometry import (
    Bools,
    Floats,
    Ints,
    Shapes,
    offsets,
    overhangs,
    shapes,
    shown_length,
)
from datagen.planning.random_draws import uniform, whole_number
from datagen.planning.recipe import Recipe


class Cutouts(NamedTuple):
    """What placing needs to know of the foregrounds: trimmed (width, height) and mask share."""

    boxes: Ints
    fill: Floats

    @classmethod
    def of(cls, foregrounds: Sequence[Source]) -> "Cutouts":
        """Rows in the order of ``foregrounds``."""
        boxes = np.array([source.box[2:] for source in foregrounds], np.int64)
        return cls(boxes, np.array([source.fill for source in foregrounds]))


class Draws(NamedTuple):
    """Random draws of one foreground of every sample; samples of one ``place`` draw alike."""

    seed: int
    suffix: str
    place: Ints

    def uniform(self, stage: str) -> Floats:
        """A draw in [0, 1) per sample, (n,)."""
        return uniform(self.seed, stage + self.suffix, int(self.place.max()) + 1)[self.place]

    def between(self, stage: str, bounds: tuple[float, float]) -> Floats:
        """A draw in [low, high) per sample, (n,)."""
        low, high = bounds
        return low + (high - low) * self.uniform(stage)

    def whole(self, stage: str, count: Ints) -> Ints:
        """A draw from 0 to ``count`` - 1 per sample, (n,)."""
        return whole_number(self.uniform(stage), count)


class PlacementColumns(NamedTuple):
    """One foreground of every sample as columns, (n,) each; ``fill`` is the mask's part of it."""

    fg: Ints
    flip: Bools
    scale: Floats
    angle: Floats
    x: Ints
    y: Ints
    width: Ints
    height: Ints
    blend: Ints
    shear: Floats
    red: Floats
    green: Floats
    blue: Floats
    fill: Floats


def place(
    recipe: Recipe, cutouts: Cutouts, fg: Ints, draws: Draws, number: Ints
) -> PlacementColumns:
    """Place foreground ``fg``, (n,), on every sample; ``number`` counts a pair's placements."""
    angle, shear = draws.between("angle", recipe.angle), draws.between("shear", recipe.shear)
    scale = _scale(recipe, cutouts, fg, draws, number)
    shape = shapes(scale, (angle, shear), cutouts.boxes[fg], recipe.size)
    fill = np.minimum(cutouts.fill[fg] * shape.fill, 1)
    x, y = position(recipe, shape, draws)
    red, green, blue = _gains(recipe, draws)
    return PlacementColumns(
        fg=fg,
        flip=draws.uniform("flip") < 0.5 if recipe.flip != "none" else np.zeros(len(fg), bool),
        scale=shape.scale,
        angle=angle,
        x=x,
        y=y,
        width=shape.width,
        height=shape.height,
        blend=_blend(recipe, draws),
        shear=shear,
        red=red,
        green=green,
        blue=blue,
        fill=fill,
    )


def _gains(recipe: Recipe, draws: Draws) -> tuple[Floats, Floats, Floats]:
    """Gains of red, green and blue: brightness alike, and half as much tint."""
    bright = draws.between("bright", (1 - recipe.jitter, 1 + recipe.jitter))
    tint = (1 - recipe.jitter / 2, 1 + recipe.jitter / 2)
    return (
        bright * draws.between("red", tint),
        bright * draws.between("green", tint),
        bright * draws.between("blue", tint),
    )


def _scale(recipe: Recipe, cutouts: Cutouts, fg: Ints, draws: Draws, number: Ints) -> Floats:
    """Longer side as a fraction of the frame's shorter, whichever side ``--scale`` means."""
    if recipe.scale_steps:
        scale = np.array(recipe.scale_steps)[number % len(recipe.scale_steps)]
    elif recipe.scale_per == "foreground":
        per_fg = Draws(recipe.seed, "", np.arange(len(cutouts.boxes)))
        scale = per_fg.between("scale", recipe.scale)[fg]
    else:
        scale = draws.between("scale", recipe.scale)
    if recipe.scale_by == "longer":
        return scale
    boxes = cutouts.boxes[fg]
    meant = boxes[:, 0] if recipe.scale_by == "width" else boxes[:, 1]
    return np.asarray(scale * boxes.max(axis=1) / meant)


def position(recipe: Recipe, shape: Shapes, draws: Draws) -> tuple[Ints, Ints]:
    """Left and top edges, (n,): the share ``--visible`` of every box lies within the frame."""
    frame, needed = recipe.size, np.full(len(shape.width), recipe.visible)
    x = offsets(draws.uniform("x"), shape.width, frame.width, needed)
    seen = shown_length(x, shape.width, frame.width) / shape.width
    if recipe.ground is None:
        return x, offsets(draws.uniform("y"), shape.height, frame.height, needed / seen)
    bottom = np.rint(draws.between("y", recipe.ground) * frame.height).astype(np.int64)
    overhang = overhangs(shape.height, needed / seen)
    return x, np.clip(bottom - shape.height, -overhang, frame.height - shape.height + overhang)


def _blend(recipe: Recipe, draws: Draws) -> Ints:
    """Which blend of ``recipe.blend`` each sample is drawn with, by weight."""
    shares = np.cumsum(list(recipe.blend.values()))
    return np.searchsorted(shares / shares[-1], draws.uniform("blend"), side="right")
