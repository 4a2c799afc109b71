"""The samples that a student is worst at, beside the truth, for a person to see why."""

from collections.abc import Sequence
from typing import NamedTuple

from data_manifest.dataset import Dataset
from data_manifest.pictures.sheet import Strip
from data_manifest.record import Picture
from train.answering.predictor import Predictor
from train.judging.measure import JudgedSample
from train.panels.panel import Answer, Question, page, strip


class Place(NamedTuple):
    """Where a judged sample is read from: sample ``row`` of ``part``."""

    part: Dataset
    row: int


def worst(samples: Sequence[JudgedSample], count: int) -> list[tuple[int, str]]:
    """Numbers of samples and what is bad: half have the lowest mask IoU, half the highest RMSE.

    None comes twice; the worst are first.
    """
    rows = range(len(samples))
    by_mask = sorted(rows, key=lambda row: samples[row].mask_iou)[: (count + 1) // 2]
    others = [row for row in rows if row not in set(by_mask)]
    by_depth = sorted(others, key=lambda row: -samples[row].depth_rmse)[: count // 2]
    return [(row, "mask") for row in by_mask] + [(row, "depth") for row in by_depth]


def worst_sheet(
    predictor: Predictor,
    samples: Sequence[JudgedSample],
    places: Sequence[Place],
    chosen: Sequence[tuple[int, str]],
) -> Picture:
    """A page with a strip for each sample that was chosen, (h, w, 3) uint8 RGB."""
    return page([_strip(predictor, samples[row], places[row], bad) for row, bad in chosen])


def _strip(predictor: Predictor, judged: JudgedSample, place: Place, bad: str) -> Strip:
    sample = place.part[place.row]
    truth = None if sample.depth is None else Answer(sample.mask, sample.depth)
    question = Question(judged.key, sample.bg, sample.fg_bg, truth)
    answer = predictor(sample.bg, sample.fg_bg)
    note = (
        f"{judged.split}   worst {bad}   mask IoU {judged.mask_iou:.3f}   "
        f"depth RMSE {judged.depth_rmse:.3g}{predictor.encoding.suffix}  "
    )
    return strip(question, answer, predictor.encoding, note)
