from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from data_manifest.dataset import Dataset
from data_manifest.record import SPLITS
from tests.datagen.expected import arrays, assert_same, packed

pytestmark = pytest.mark.usefixtures("offline_datasets")


@pytest.mark.parametrize("name", ["dataset", "crowded"])
def test_every_array_is_the_datasets(name: str, request: pytest.FixtureRequest) -> None:
    from datasets import Image, load_dataset

    data: Path = request.getfixturevalue(name)
    folder = packed(data, "parquet")
    loaded = load_dataset(str(folder))
    assert set(loaded) == set(SPLITS)
    assert sum(map(len, loaded.values())) == len(Dataset(data)) > 30
    for split in SPLITS:
        dataset = Dataset(data, split=split)
        for row, sample in zip(loaded[split], dataset, strict=True):
            expected = arrays(sample, dataset)
            assert all(isinstance(loaded[split].features[s], Image) for s in expected)
            assert row["mask"].mode == "1" and ("depth" not in row or row["depth"].mode == "I;16")
            assert_same({stream: np.asarray(row[stream]) for stream in expected}, expected)
            assert (row["key"], row["index"]) == (sample.record.key, sample.record.index)
            assert (row["bg_id"], row["fg_id"]) == (sample.record.bg, sample.record.fg)
            at = sample.record.placements[0]
            assert (row["x"], row["scale"]) == (at.x, at.scale)
            assert row["split"] == split and row["blend"] == "alpha"


def test_further_foregrounds_are_columns_too(crowded: Path) -> None:
    folder = packed(crowded, "parquet", split=("train",))
    rows = [
        row for path in sorted(folder.glob("data/*")) for row in pq.read_table(path).to_pylist()
    ]
    dataset = Dataset(crowded, split="train")
    for row, sample in zip(rows, dataset, strict=True):
        others = [other.fg for other in sample.record.placements[1:]]
        assert [other["fg"] for other in row["others"]] == others
    assert any(row["others"] for row in rows)


def test_a_background_is_stored_once_per_row_group(dataset: Path) -> None:
    path = packed(dataset, "parquet") / "data" / "train-00000.parquet"
    table, stored = pq.read_table(path, columns=["bg"]), pq.ParquetFile(path).metadata
    backgrounds = [row["bytes"] for row in table["bg"].to_pylist()]
    column = next(
        stored.row_group(0).column(number)
        for number in range(stored.num_columns)
        if stored.row_group(0).column(number).path_in_schema == "bg.bytes"
    )
    once = sum(map(len, set(backgrounds)))
    assert len(set(backgrounds)) < len(backgrounds) / 3
    assert column.total_uncompressed_size < once * 1.1 + 1000


def test_raw_datasets(make_dataset: Callable[..., Path], tmp_path: Path) -> None:
    from datasets import load_dataset

    data = make_dataset(tmp_path / "data", n=1, limit=20, codec="raw")
    folder = packed(data, "parquet", split=("val", "train"))
    loaded = load_dataset(str(folder), split="train")
    dataset = Dataset(data, split="train")
    for row, sample in zip(loaded, dataset, strict=True):
        expected = arrays(sample, dataset)
        assert_same({stream: np.asarray(row[stream]) for stream in expected}, expected)
