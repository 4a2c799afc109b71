from pathlib import Path

import numpy as np
import pytest

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError
from data_manifest.header import DepthEncoding
from data_manifest.record import Size
from train.data.order import Draw
from train.data.samples import Samples, depth_target

TEN_METRES = DepthEncoding(
    scale=0.001, offset=0, unit="metres", kind="metric", near_is="small",
    target_scale=0.1, target_offset=0,
)  # fmt: skip


def test_targets_are_what_is_stored(labelled: Path) -> None:
    dataset = Dataset(labelled)
    for row in (0, 50):
        sample, item = dataset[row], Samples(dataset)[Draw(row, 0, 0, Size(96, 96))]
        assert np.array_equal(item.fg_bg.numpy().transpose(1, 2, 0), sample.fg_bg)
        assert np.array_equal(item.mask[0].numpy() == 1, sample.mask)
        assert sample.depth is not None
        assert np.allclose(item.depth[0].numpy(), sample.depth / 10)
        small = Samples(dataset)[Draw(row, 0, 0, Size(48, 48))]
        assert small.bg.shape == (3, 48, 48) and small.depth.shape == (1, 48, 48)
        assert set(small.mask.unique().tolist()) <= {0, 1}
        assert abs(float(small.mask.float().mean() - item.mask.float().mean())) < 0.02


def test_targets_outside_the_unit_range_are_refused() -> None:
    wrong = TEN_METRES.model_copy(update={"target_scale": 1.0})
    with pytest.raises(DatasetError, match=r"not within \[0, 1\]"):
        depth_target(np.full((4, 4), 3.0, np.float32), wrong)
