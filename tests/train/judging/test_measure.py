"""Predictors on the same batches, and each sample's own metrics."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from data_manifest.dataset import Dataset
from data_manifest.record import Size
from train.data.batch import Batch
from train.data.draws import as_stored
from train.data.loader import Loader
from train.data.samples import Samples
from train.judging.measure import STUDENT, Judged, Said, constant, judge

COUNT = 20


def student(batch: Batch) -> tuple[Tensor, Tensor]:
    """Sees the truth moved by three pixels, and is a tenth off in depth."""
    return batch.mask.roll(3, dims=3) - 0.5, (batch.depth + 0.01).roll(3, dims=3)


@pytest.fixture(scope="module")
def judged(labelled: Path) -> list[Judged]:
    """The same in batches of 20 and of 7."""
    dataset = Dataset(labelled)
    samples = Samples(dataset, COUNT)
    rows = np.arange(COUNT)
    records = dataset.records(rows * len(dataset) // COUNT)
    empty = (torch.zeros(1, 1, 96, 96) > 0, torch.full((1, 1, 96, 96), 0.3))
    others = {"empty": constant(empty), "teacher": lambda batch: Said(None, batch.depth)}
    found = []
    for batch_size in (20, 7):
        read = Loader(samples, 0).batches(as_stored(rows, batch_size, Size(96, 96)))
        batches = (batch.as_float() for batch in read)
        found.append(
            judge(student, others, batches, records, dataset.depth_encoding, legacy=batch_size == 7)
        )
    return found


def test_every_predictor_is_measured_on_all(judged: list[Judged]) -> None:
    table = judged[0].table
    assert list(table) == [STUDENT, "empty", "teacher"]
    assert table["empty"]["mask_iou"] == 0 and 0 < (table[STUDENT]["mask_iou"] or 0) < 1
    assert table["teacher"]["mask_iou"] is table["teacher"]["mask_dice"] is None
    assert table["teacher"]["depth_rmse"] == 0


def test_batches_make_no_difference(judged: list[Judged]) -> None:
    one, other = judged
    for name, metrics in one.table.items():
        for metric, value in metrics.items():
            again = other.table[name][metric]
            assert again is value is None or again == pytest.approx(value, rel=1e-6)
    assert [row.key for row in one.samples] == [row.key for row in other.samples]
    assert one.legacy == {} and other.legacy["mdeas_ssim_depth"] > 0


def test_samples_are_named_and_their_metrics_are_their_own(
    judged: list[Judged], labelled: Path
) -> None:
    samples = {sample.record.key: sample for sample in Dataset(labelled)}
    table, rows, _ = judged[0]
    assert len({row.key for row in rows}) == COUNT
    for row in rows:
        sample = samples[row.key]
        record = sample.record
        assert (row.index, row.split, row.bg, row.fg) == (
            record.index, record.split, record.bg, record.fg
        )  # fmt: skip
        moved = np.roll(sample.mask, 3, axis=1)
        assert row.mask_share == pytest.approx(sample.mask.mean())
        assert row.mask_iou == pytest.approx(
            (moved & sample.mask).sum() / (moved | sample.mask).sum()
        )
        assert sample.depth is not None
        error = np.roll(sample.depth, 3, axis=1).astype(float) + 0.1 - sample.depth
        assert row.depth_rmse == pytest.approx(np.sqrt((error**2).mean()), rel=1e-3)
        assert row.depth_mae == pytest.approx(np.abs(error).mean(), rel=1e-3)
    pooled = np.sqrt(np.mean([row.depth_rmse**2 for row in rows]))
    assert table[STUDENT]["depth_rmse"] == pytest.approx(pooled)
