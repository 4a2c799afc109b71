"""Questions and answers side by side, for a person to judge."""

from typing import Any, NamedTuple

import cv2
import numpy.typing as npt

from data_manifest.header import DepthEncoding
from data_manifest.record import Depth, Mask, Picture
from data_manifest.sheet import Strip, depth_limits, depth_tile, mask_tile, sheet


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
    side = min(256, *(min(question.fg_bg.shape[:2]) for question, _ in shown))
    answers = [
        [predicted, question.truth] if question.truth else [predicted]
        for question, predicted in shown
    ]
    limits = depth_limits([_square(answer.depth, side) for row in answers for answer in row])
    kinds = ["predicted", "true"][: len(answers[0])]
    titles = ["bg", "fg_bg", *(f"{what}: {kind}" for what in ("mask", "depth") for kind in kinds)]
    strips = []
    for (question, _), row in zip(shown, answers, strict=True):
        tiles = [question.bg, question.fg_bg, *(mask_tile(answer.mask) for answer in row)]
        tiles += [depth_tile(answer.depth, limits, encoding.near_is) for answer in row]
        strips.append(Strip([_square(tile, side) for tile in tiles], question.key))
    return sheet(titles, strips)


def _square(picture: npt.NDArray[Any], side: int) -> npt.NDArray[Any]:
    return picture if picture.shape[:2] == (side, side) else cv2.resize(picture, (side, side))
