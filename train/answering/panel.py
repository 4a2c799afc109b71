"""Questions and answers side by side, for a person to judge."""

from typing import NamedTuple

from data_manifest.header import DepthEncoding
from data_manifest.pictures.sheet import (
    Strip,
    depth_limits,
    depth_tile,
    mask_tile,
    sheet,
    tile,
    tile_size,
)
from data_manifest.record import Depth, Mask, Picture


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


def panel(shown: list[tuple[Question, Answer]], encoding: DepthEncoding) -> Picture:
    """Questions beside answers, and truths where they are known, (h, w, 3) uint8 RGB."""
    size = tile_size(shown[0][0].fg_bg)
    answers = [
        [predicted, question.truth] if question.truth else [predicted]
        for question, predicted in shown
    ]
    limits = depth_limits([tile(answer.depth, size) for row in answers for answer in row])
    kinds = ["predicted", "true"][: len(answers[0])]
    titles = ["bg", "fg_bg", *(f"{what}: {kind}" for what in ("mask", "depth") for kind in kinds)]
    strips = []
    for (question, _), row in zip(shown, answers, strict=True):
        tiles = [question.bg, question.fg_bg, *(mask_tile(answer.mask) for answer in row)]
        tiles += [depth_tile(answer.depth, limits, encoding.near_is) for answer in row]
        strips.append(Strip([tile(one, size) for one in tiles], question.key))
    return sheet(titles, strips)
