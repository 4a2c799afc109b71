"""Several foregrounds a sample: what is seen, what is behind, and what isn't labelled."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data_manifest.dataset import Dataset

OPTIONS = {
    "samples": 300,
    "objects": "1:3",
    "distractors": "0:2",
    "scale": "0.2:0.5",
    "angle": "-30:30",
    "occlusion": 0.4,
    "hold_out": 0.3,
}


@pytest.fixture(scope="module", params=["h5", "zip"])
def crowded(
    request: pytest.FixtureRequest,
    make_dataset: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Dataset:
    folder = tmp_path_factory.mktemp("crowded") / "data"
    return Dataset(make_dataset(folder, format=request.param, **OPTIONS))


def test_maps_agree_with_each_other(crowded: Dataset) -> None:
    labelled, distractors = set(), set()
    for sample in crowded:
        layers = sample.record.placements
        count = sum(layer.labelled for layer in layers)
        labelled.add(count)
        distractors.add(len(layers) - count)
        assert sample.instance is not None and sample.amodal is not None
        assert sample.amodal.shape == (count, 96, 96)
        assert np.array_equal(sample.mask, sample.instance > 0)
        for number in range(count):
            seen = sample.instance == number + 1
            assert not np.any(seen & ~sample.amodal[number])
            above = sample.amodal[number + 1 :].any(axis=0)
            assert not np.any(seen & above)
    assert labelled == {1, 2, 3} and distractors == {0, 1, 2}


def test_no_foreground_is_hidden_beyond_the_limit(crowded: Dataset) -> None:
    partly = 0
    for sample in crowded:
        assert sample.instance is not None and sample.amodal is not None
        for number, whole in enumerate(sample.amodal):
            hidden = 1 - np.count_nonzero(sample.instance == number + 1) / np.count_nonzero(whole)
            assert hidden <= 0.4 + 0.03  # fills are measured before scaling
            partly += hidden > 0.02
    assert partly > 10


def test_a_distractor_hides_but_is_not_mask(crowded: Dataset) -> None:
    drawn = 0
    for sample in crowded:
        layers = sample.record.placements
        if len(layers) == 2 and not layers[1].labelled:
            change = np.abs(sample.fg_bg.astype(int) - sample.bg).max(axis=2) > 40
            assert sample.amodal is not None
            drawn += np.count_nonzero(change & ~sample.amodal[0]) > 100
            assert not np.any(sample.mask & ~sample.amodal[0])
    assert drawn > 10


def test_further_foregrounds_do_not_leak(crowded: Dataset) -> None:
    plan = crowded.plan
    records = plan.records(np.arange(len(plan)))
    used = {
        known: {
            layer.fg
            for record in records
            if (record.split in ("train", "val_bg")) == known
            for layer in record.placements
        }
        for known in (True, False)
    }
    assert used[True] and used[False] and not used[True] & used[False]


def test_raw_codec_holds_the_same_maps(
    make_dataset: Callable[..., Path], tmp_path: Path, crowded: Dataset
) -> None:
    raw = Dataset(make_dataset(tmp_path / "raw", codec="raw", **OPTIONS))
    for one, other in zip(raw[:20], crowded[:20], strict=True):
        assert np.array_equal(one.mask, other.mask)
        assert one.instance is not None and np.array_equal(one.instance, other.instance)
        assert one.amodal is not None and np.array_equal(one.amodal, other.amodal)
