"""Questions and answers side by side, for a person to judge."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from data_manifest.depth_stage import DepthEncoding
from data_manifest.pictures.sheet import (
    Strip,
    depth_limits,
    depth_tile,
    mask_tile,
    sheet,
    tile,
    tile_size,
)
from data_manifest.record import Depth, Mask, Picture, Size

DEPTH = "depth, near is warm"
TITLES = ("bg", "fg_bg", "mask", DEPTH)
TITLES_WITH_TRUTH = ("bg", "fg_bg", "mask", "true mask", DEPTH, "true depth")
LEAST = 160
"""Pixels that the longer side of a tile has at least, so that small pictures can be looked at."""


class Answer(NamedTuple):
    """What is said of a composite: (H, W) bool and (H, W) float32 in the depth's unit."""

    mask: Mask
    depth: Depth


class Question(NamedTuple):
    """A pair of pictures to answer, (H, W, 3) uint8 RGB, and the truth where it is known."""

    key: str
    bg: Picture
    fg_bg: Picture
    truth: Answer | None = None


def panel(shown: Sequence[tuple[Question, Answer]], encoding: DepthEncoding) -> Picture:
    """Questions beside answers, and truths where they are known, (h, w, 3) uint8 RGB."""
    return page([strip(question, answer, encoding) for question, answer in shown])


def page(strips: Sequence[Strip]) -> Picture:
    """Strips of one kind, with truths or without, under each other, (h, w, 3) uint8 RGB."""
    with_truth = len(strips[0].tiles) == len(TITLES_WITH_TRUTH)
    return sheet(TITLES_WITH_TRUTH if with_truth else TITLES, strips)


def strip(question: Question, answer: Answer, encoding: DepthEncoding, note: str = "") -> Strip:
    """A question beside its answer: a row of small tiles, under it the key and ``note``.

    Depth has the colours of what is seen here, predicted and true alike; their range is said.
    """
    answers = [answer, question.truth] if question.truth else [answer]
    size = tile_size(question.fg_bg)
    depths = [tile(one.depth, size) for one in answers]
    limits = depth_limits(depths)
    tiles = [question.bg, question.fg_bg, *(mask_tile(one.mask) for one in answers)]
    tiles += [depth_tile(depth, limits, encoding.near_is) for depth in depths]
    words = [question.key, note, said(limits, encoding)]
    return Strip([_enlarged(tile(one, size)) for one in tiles], "   ".join(filter(None, words)))


def said(limits: tuple[float, float], encoding: DepthEncoding) -> str:
    """The ends of the depth's colours, in words."""
    return f"{limits[0]:.3g} to {limits[1]:.3g}{encoding.suffix}"


def _enlarged(pixels: npt.NDArray[Any]) -> Picture:
    """A tile whose pixels are repeated until it can be looked at."""
    size = Size.of(pixels)
    times = -(-LEAST // max(size))
    larger = (size.width * times, size.height * times)
    return np.asarray(cv2.resize(pixels, larger, interpolation=cv2.INTER_NEAREST))
