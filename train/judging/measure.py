"""Predictors beside each other on the same batches, and the student sample by sample."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor

from data_manifest.depth_stage import DepthEncoding
from data_manifest.record import Record
from train.data.batch import Batch
from train.judging.baselines import Maps
from train.judging.legacy_figures import LegacyMeter
from train.metrics.figures import per_sample
from train.metrics.meter import Meter

STUDENT = "student"
Metrics = dict[str, float | None]
"""By name; None where a predictor says nothing that could be measured."""


class Said(NamedTuple):
    """What is said of a batch: ``mask`` (B, 1, H, W) bool, or None where nothing is said of it, and
    ``depth`` (B, 1, H, W), target estimates."""

    mask: Tensor | None
    depth: Tensor


Predict = Callable[[Batch], Said]
Student = Callable[[Batch], tuple[Tensor, Tensor]]
"""A batch to mask logits and depth target estimates."""


@dataclass(frozen=True, slots=True)
class JudgedSample:
    """One sample and the student's own metrics on it; ``fg`` is the foreground drawn first.

    ``mask_share`` is the share of the picture that the true mask takes.
    """

    index: int
    key: str
    split: str
    bg: str
    fg: str
    mask_share: float
    mask_iou: float
    depth_rmse: float
    depth_mae: float


class Judged(NamedTuple):
    """A split: metrics by predictor, the student's samples, and its figures of earlier systems."""

    table: dict[str, Metrics]
    samples: list[JudgedSample]
    legacy: dict[str, float]


def constant(maps: Maps) -> Predict:
    """A predictor that says the same of every sample."""
    mask, depth = maps
    return lambda batch: Said(
        mask.to(batch.mask.device).expand(batch.mask.shape),
        depth.to(batch.depth.device).expand(batch.depth.shape),
    )


@torch.inference_mode()
def judge(
    student: Student,
    others: Mapping[str, Predict],
    batches: Iterable[Batch],
    records: Sequence[Record],
    encoding: DepthEncoding,
    *,
    legacy: bool,
) -> Judged:
    """Measure the student and the others on batches as floats; ``records`` are those of all."""
    meters = {name: Meter(encoding) for name in (STUDENT, *others)}
    legacy_meter = LegacyMeter()
    silent: set[str] = set()
    samples: list[JudgedSample] = []
    left = iter(records)
    for true in batches:
        mask_logits, depth = student(true)
        meters[STUDENT].add(mask_logits > 0, depth, true)
        samples += _samples(mask_logits > 0, depth, true, list(islice(left, len(depth))), encoding)
        if legacy:
            legacy_meter.add(mask_logits, depth, true)
        for name, predict in others.items():
            said = predict(true)
            mask = torch.zeros_like(true.mask) > 0 if said.mask is None else said.mask
            meters[name].add(mask, said.depth, true)
            silent |= {name} if said.mask is None else set()
    table = {name: _metrics(meter, of_mask=name not in silent) for name, meter in meters.items()}
    return Judged(table, samples, legacy_meter.result() if legacy else {})


def _metrics(meter: Meter, *, of_mask: bool) -> Metrics:
    return {
        name: value if of_mask or not name.startswith("mask") else None
        for name, value in meter.result().items()
    }


def _samples(
    mask: Tensor, depth: Tensor, true: Batch, records: list[Record], encoding: DepthEncoding
) -> list[JudgedSample]:
    metrics = per_sample(mask, depth, true, encoding)
    names = ("mask_iou", "depth_rmse", "depth_mae")
    shares = true.mask.mean(dim=(1, 2, 3))
    numbers = zip(shares.tolist(), *(metrics[name].tolist() for name in names), strict=True)
    return [
        JudgedSample(one.index, one.key, one.split, one.bg, one.fg, *values)
        for one, values in zip(records, numbers, strict=True)
    ]
