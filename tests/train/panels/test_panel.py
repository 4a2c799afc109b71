"""Panels: every tile where its title says, in colours whose range is said."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from data_manifest.dataset import Dataset
from data_manifest.pictures.sheet import GAP, LINE, PAPER, depth_tile, mask_tile
from train.panels.panel import LEAST, TITLES, TITLES_WITH_TRUTH, Answer, Question, panel, strip


@pytest.fixture
def unseen(labelled: Path) -> Dataset:
    return Dataset(labelled, split="val")


def asked(unseen: Dataset, row: int, *, with_truth: bool) -> tuple[Question, Answer]:
    """A sample, and as its answer that of the next."""
    sample, other = unseen[row], unseen[row + 1]
    assert sample.depth is not None and other.depth is not None
    truth = Answer(sample.mask, sample.depth) if with_truth else None
    question = Question(sample.record.key, sample.bg, sample.fg_bg, truth)
    return question, Answer(other.mask, other.depth)


@pytest.mark.parametrize("with_truth", [False, True])
def test_a_strip_shows_each_picture_once_and_says_its_range(
    unseen: Dataset, with_truth: bool
) -> None:
    question, answer = asked(unseen, 0, with_truth=with_truth)
    shown = strip(question, answer, unseen.depth_encoding, "a note")
    answers = [answer, question.truth] if question.truth else [answer]
    low, high = np.percentile([one.depth for one in answers], [1, 99])
    assert shown.caption == f"{question.key}   a note   {low:.3g} to {high:.3g} m"
    expected = [question.bg, question.fg_bg, *(mask_tile(one.mask) for one in answers)]
    expected += [depth_tile(one.depth, (low, high), "small") for one in answers]
    assert len(shown.tiles) == len(TITLES_WITH_TRUTH if with_truth else TITLES)
    for tile, picture in zip(shown.tiles, expected, strict=True):
        assert np.array_equal(tile, picture.repeat(2, axis=0).repeat(2, axis=1))


def test_small_pictures_are_enlarged_and_large_ones_reduced(unseen: Dataset) -> None:
    question, answer = asked(unseen, 0, with_truth=False)
    for size, longer in (((30, 20), 180), ((96, 64), 192), ((600, 300), 256)):
        pictures = [cv2.resize(picture, size) for picture in (question.bg, question.fg_bg)]
        small = Answer(
            cv2.resize(answer.mask.view(np.uint8), size) > 0, cv2.resize(answer.depth, size)
        )
        tiles = strip(Question("key", *pictures), small, unseen.depth_encoding).tiles
        shapes = {tile.shape for tile in tiles}
        assert shapes == {(longer * size[1] // size[0], longer, 3)}
        assert longer >= LEAST


def test_pictures_of_several_sizes_keep_their_proportions(unseen: Dataset) -> None:
    question, answer = asked(unseen, 0, with_truth=False)
    flat = Question("flat", question.bg[:48], question.fg_bg[:48])
    page = panel([(question, answer), (flat, Answer(answer.mask[:48], answer.depth[:48]))],
                 unseen.depth_encoding)  # fmt: skip
    assert page.shape == (GAP + LINE + 2 * (192 + LINE + GAP), 4 * (192 + GAP) + 2 * GAP, 3)
    second = page[GAP + LINE + 192 + LINE + GAP :, GAP : GAP + 192]
    assert np.array_equal(second[:96:2, ::2], flat.bg)
    assert (second[96:190] == PAPER).all()
