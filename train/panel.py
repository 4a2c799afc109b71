"""Questions and answers side by side, for a person to judge."""

from typing import Any, NamedTuple

import cv2
import numpy.typing as npt

from data_manifest.header import DepthEncoding
from data_manifest.record import Depth, Mask, Picture
from data_manifest.sheet import Strip, depth_limits, depth_tile, mask_tile, sheet


class Question(NamedTuple):
    """A pair of pictures to answer, (H, W, 3) uint8 RGB, and the truth where it is known."""

    key: str
    bg: Picture
    fg_bg: Picture
    mask: Mask | None = None
    depth: Depth | None = None


class Answer(NamedTuple):
    """What the student says of a question: (H, W) bool and (H, W) float32 in the depth's unit."""

    mask: Mask
    depth: Depth


def panel(shown: list[tuple[Question, Answer]], encoding: DepthEncoding) -> Picture:
    """Questions beside answers, and truths where they are known, (h, w, 3) uint8 RGB."""
    known = all(question.mask is not None and question.depth is not None for question, _ in shown)
    side = min(256, *(min(question.fg_bg.shape[:2]) for question, _ in shown))
    limits = depth_limits([_square(answer.depth, side) for _, answer in shown])
    titles = ["bg", "fg_bg", "mask: predicted", "depth: predicted"]
    if known:
        titles[3:3] = ["mask: true"]
        titles.append("depth: true")
    strips = []
    for question, answer in shown:
        masks, depths = [answer.mask], [answer.depth]
        if known and question.mask is not None and question.depth is not None:
            masks, depths = [*masks, question.mask], [*depths, question.depth]
        tiles = [question.bg, question.fg_bg, *map(mask_tile, masks)]
        tiles += [depth_tile(depth, limits, encoding.near_is) for depth in depths]
        strips.append(Strip([_square(tile, side) for tile in tiles], question.key))
    return sheet(titles, strips)


def _square(picture: npt.NDArray[Any], side: int) -> npt.NDArray[Any]:
    return picture if picture.shape[:2] == (side, side) else cv2.resize(picture, (side, side))
