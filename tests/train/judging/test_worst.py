"""The worst samples, chosen and shown."""

from pathlib import Path

import numpy as np

from data_manifest.dataset import Dataset
from tests.train.judging.judged import judged
from train.answering.predictor import Predictor
from train.judging.worst import Place, worst, worst_sheet
from train.panels.panel import Answer, Question, strip


def test_half_are_the_worst_by_mask_and_half_by_depth() -> None:
    samples = [judged(number) for number in (4, 2, 9, 7, 1)]
    assert worst(samples, 4) == [(4, "mask"), (1, "mask"), (2, "depth"), (3, "depth")]
    assert worst(samples, 1) == [(4, "mask")]
    assert worst(samples, 0) == []
    assert sorted(row for row, _ in worst(samples, 100)) == [0, 1, 2, 3, 4]


def test_the_sheet_shows_those_samples(student_run: Path, labelled: Path) -> None:
    predictor, part = Predictor.load(student_run, device="cpu"), Dataset(labelled, split="val")
    places = [Place(part, row) for row in range(3)]
    samples = [judged(row, key=part[row].record.key) for row in range(3)]
    page = worst_sheet(predictor, samples, places, [(2, "mask"), (0, "depth")])
    for number, row in enumerate((2, 0)):
        sample = part[row]
        assert sample.depth is not None
        question = Question(
            sample.record.key, sample.bg, sample.fg_bg, Answer(sample.mask, sample.depth)
        )
        expected = strip(question, predictor(sample.bg, sample.fg_bg), predictor.encoding)
        top = 28 + number * (192 + 28)
        for column, tile in enumerate(expected.tiles):
            left = 8 + column * (192 + 8)
            assert np.array_equal(page[top : top + 192, left : left + 192], tile)
