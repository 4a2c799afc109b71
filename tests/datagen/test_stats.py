import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data_manifest.dataset import Dataset
from datagen.config import StatsConfig
from datagen.stats import stats


def brute_force(dataset: Dataset) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    samples = list(dataset)
    streams = {
        "bg": np.stack([s.bg for s in samples]).astype(np.float64) / 255,
        "fg_bg": np.stack([s.fg_bg for s in samples]).astype(np.float64) / 255,
        "mask": np.stack([s.mask for s in samples]).astype(np.float64)[..., None],
    }
    if samples[0].depth is not None:
        stored = np.stack([s.depth for s in samples]).astype(np.float64)[..., None]
        streams["depth"] = np.rint(stored * 1000) / 1000  # float32 metres back to exact millimetres
    return {name: (v.mean(axis=(0, 1, 2)), v.std(axis=(0, 1, 2))) for name, v in streams.items()}


def test_equals_brute_force(labelled: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(labelled, folder)
    text = stats(StatsConfig(data=folder, workers=1, quiet=True))
    table = json.loads((folder / "stats.json").read_text())
    whole = Dataset(folder)
    assert set(table) == {"train", "val", "val_bg", "val_fg", "all"}
    for split, row in table.items():
        part = whole if split == "all" else whole.select(split)
        assert row["samples"] == len(part)
        for name, (mean, std) in brute_force(part).items():
            assert row[name]["mean"] == pytest.approx(mean, abs=1e-9)
            assert row[name]["std"] == pytest.approx(std, abs=1e-9)
    assert table["all"]["depth"]["unit"] == "metres"
    assert f"{table['val']['mask']['mean'][0]:.6f}" in text


def test_does_not_depend_on_shards_or_workers(
    make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    results = set()
    for shard_size, workers, kind in ((40, 1, "h5"), (7, 2, "h5"), (140, 2, "zip")):
        folder = make_dataset(tmp_path / f"{shard_size}", shard_size=shard_size, format=kind)
        stats(StatsConfig(data=folder, workers=workers, quiet=True))
        results.add((folder / "stats.json").read_text())
    assert len(results) == 1


def test_is_not_a_mean_of_means(dataset: Path, tmp_path: Path) -> None:
    """The prior systems averaged each picture's deviation, which is too low."""
    folder = tmp_path / "data"
    shutil.copytree(dataset, folder)
    stats(StatsConfig(data=folder, workers=1, quiet=True))
    std = json.loads((folder / "stats.json").read_text())["all"]["fg_bg"]["std"]
    mean_of_stds = np.mean([s.fg_bg.std(axis=(0, 1)) / 255 for s in Dataset(folder)], axis=0)
    assert (np.array(std) > 1.02 * mean_of_stds).any()
