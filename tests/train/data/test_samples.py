from pathlib import Path

import numpy as np
import pytest
import torch

from data_manifest.dataset import Dataset
from data_manifest.depth_stage import DepthEncoding
from data_manifest.errors import DatasetError
from data_manifest.record import Size
from train.data.batch import ReadBatch, Shown, room_for
from train.data.draws import Draw
from train.data.samples import Samples, write_target

TEN_METRES = DepthEncoding(
    scale=0.001, offset=0, unit="metres", kind="metric", near_is="small",
    target_scale=0.1, target_offset=0,
)  # fmt: skip


def read(samples: Samples, rows: list[int], size: Size) -> Shown:
    room = room_for(len(rows), size)
    samples.read(Draw(np.array(rows), 0, 0, size), room)
    return room


def test_targets_are_what_is_stored(labelled: Path) -> None:
    dataset = Dataset(labelled)
    for row in (0, 50):
        sample, item = dataset[row], read(Samples(dataset), [row], Size(96, 96))
        assert np.array_equal(item.bg[0], sample.bg)
        assert np.array_equal(item.fg_bg[0], sample.fg_bg)
        assert np.array_equal(item.mask[0], sample.mask)
        assert sample.depth is not None
        assert np.allclose(item.depth[0], sample.depth / 10)
        small = read(Samples(dataset), [row], Size(48, 48))
        assert small.bg.shape == (1, 48, 48, 3) and small.depth.shape == (1, 48, 48)
        assert small.mask.dtype == bool
        assert abs(small.mask.mean() - item.mask.mean()) < 0.02
        batch = ReadBatch.of(read(Samples(dataset), [row, row], Size(96, 96)))
        assert batch.fg_bg.shape == (2, 3, 96, 96) and batch.mask.shape == (2, 1, 96, 96)
        assert batch.fg_bg.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(batch.fg_bg[1, 2], torch.from_numpy(sample.fg_bg[..., 2].copy()))


def test_targets_outside_the_unit_range_are_refused() -> None:
    wrong = TEN_METRES.model_copy(update={"target_scale": 1.0})
    with pytest.raises(DatasetError, match=r"not within \[0, 1\]"):
        write_target(np.full((4, 4), 3.0, np.float32), wrong)
