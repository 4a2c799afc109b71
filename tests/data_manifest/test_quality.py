import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_manifest.dataset import Dataset
from data_manifest.depth_stage import DepthStage
from data_manifest.errors import DatasetError
from data_manifest.header import Header
from data_manifest.quality import (
    COLUMNS,
    PARTS,
    QUALITY_FILE,
    has_quality,
    keep_parts,
    merge_parts,
    read_quality,
    write_part,
)

SAMPLES = 12


@pytest.fixture
def stage(labelled: Path) -> DepthStage:
    found = Header.read(labelled / "dataset.json").stages.depth
    assert found is not None
    return found


@pytest.fixture
def other(stage: DepthStage) -> DepthStage:
    return stage.model_copy(update={"teacher": "another"})


def rows_of(index: list[int], start: float = 0.0) -> list[list[float]]:
    """Rows that tell by their numbers which sample and which column they are of."""
    return [[start + 10 * row + number for number in range(len(COLUMNS))] for row in index]


def part(folder: Path, shard: int, stage: DepthStage, index: list[int], start: float = 0.0) -> None:
    rows = rows_of(index, start)
    write_part(folder, f"{shard:05d}.h5", stage, np.array(index, np.int64), rows)


def assert_rows(folder: Path, stage: DepthStage, expected: dict[int, float]) -> None:
    """Samples in ``expected`` have their rows, from a start, and all others NaN."""
    found = read_quality(folder, stage)
    assert tuple(found) == COLUMNS
    for number, name in enumerate(COLUMNS):
        assert found[name].dtype == np.float32
        whole = np.full(SAMPLES, np.nan)
        for row, start in expected.items():
            whole[row] = start + 10 * row + number
        assert np.array_equal(found[name], whole, equal_nan=True), name


def test_parts_become_one_file_in_the_order_of_the_plan(tmp_path: Path, stage: DepthStage) -> None:
    part(tmp_path, 1, stage, [7, 0, 3, 11, 5, 2])
    part(tmp_path, 0, stage, [6, 1, 4, 10, 9, 8])
    assert not has_quality(tmp_path, stage)
    merge_parts(tmp_path, SAMPLES, stage)
    assert_rows(tmp_path, stage, dict.fromkeys(range(SAMPLES), 0.0))
    assert pq.read_table(tmp_path / QUALITY_FILE)["index"].to_pylist() == list(range(SAMPLES))
    assert [path.name for path in tmp_path.iterdir()] == [QUALITY_FILE]


def test_rows_without_a_new_part_keep_what_was_measured_before(
    tmp_path: Path, stage: DepthStage
) -> None:
    part(tmp_path, 0, stage, [0, 1, 2, 3])
    part(tmp_path, 1, stage, [4, 5])
    merge_parts(tmp_path, SAMPLES, stage)
    part(tmp_path, 1, stage, [4, 5], start=500)
    part(tmp_path, 2, stage, [6], start=500)
    merge_parts(tmp_path, SAMPLES, stage)
    assert_rows(tmp_path, stage, {0: 0, 1: 0, 2: 0, 3: 0, 4: 500, 5: 500, 6: 500})


def test_measures_of_other_depth_are_not_kept(
    tmp_path: Path, stage: DepthStage, other: DepthStage
) -> None:
    part(tmp_path, 0, other, [0, 1, 2])
    merge_parts(tmp_path, SAMPLES, other)
    assert has_quality(tmp_path, other) and not has_quality(tmp_path, stage)
    part(tmp_path, 0, other, [3, 4])
    part(tmp_path, 1, stage, [5])
    merge_parts(tmp_path, SAMPLES, stage)
    assert_rows(tmp_path, stage, {5: 0})
    assert not has_quality(tmp_path, other)
    with pytest.raises(DatasetError, match=r"no quality\.parquet of its depth"):
        read_quality(tmp_path, other)


def test_what_was_not_measured_is_nan(tmp_path: Path, stage: DepthStage) -> None:
    merge_parts(tmp_path, SAMPLES, stage)
    assert_rows(tmp_path, stage, {})
    rows = [[float("nan")] * len(COLUMNS), *rows_of([4])]
    write_part(tmp_path, "00000.h5", stage, np.array([3, 4]), rows)
    write_part(tmp_path, "00001.h5", stage, np.array([], np.int64), [])
    merge_parts(tmp_path, SAMPLES, stage)
    assert_rows(tmp_path, stage, {4: 0})


def test_rows_of_a_larger_plan_that_was_here_before_are_left_out(
    tmp_path: Path, stage: DepthStage
) -> None:
    part(tmp_path, 0, stage, [*range(SAMPLES + 8)])
    merge_parts(tmp_path, SAMPLES + 8, stage)
    part(tmp_path, 0, stage, [1, 0], start=500)
    part(tmp_path, 1, stage, [SAMPLES, 2], start=500)
    merge_parts(tmp_path, SAMPLES, stage)
    expected = dict.fromkeys(range(SAMPLES), 0.0) | {0: 500, 1: 500, 2: 500}
    assert_rows(tmp_path, stage, expected)


def damaged(path: Path, how: str) -> None:
    whole, table = path.read_bytes(), pq.read_table(path)
    match how:
        case "missing":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
        case "cut short":
            path.write_bytes(whole[: len(whole) // 2])
        case "no parquet":
            path.write_bytes(b"PAR1 is how it begins")
        case "of nobody":
            pq.write_table(table.replace_schema_metadata(None), path)
        case "of no depth":
            pq.write_table(table.replace_schema_metadata({b"diorama": b"{}"}), path)
        case "without a column":
            pq.write_table(table.drop_columns(["pop"]), path)
        case "of words":
            words = pa.array(["far"] * len(table))
            at = table.column_names.index("pop")
            pq.write_table(table.set_column(at, "pop", words), path)
        case "a folder":
            path.unlink()
            path.mkdir()


DAMAGE = (
    "missing",
    "empty",
    "cut short",
    "no parquet",
    "of nobody",
    "of no depth",
    "without a column",
    "of words",
    "a folder",
)


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_file_is_none(tmp_path: Path, stage: DepthStage, how: str) -> None:
    part(tmp_path, 0, stage, [0, 1])
    merge_parts(tmp_path, SAMPLES, stage)
    damaged(tmp_path / QUALITY_FILE, how)
    assert not has_quality(tmp_path, stage)
    with pytest.raises(DatasetError, match=r"`depthgen evaluate .*` makes it") as caught:
        read_quality(tmp_path, stage)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("how", [how for how in DAMAGE if how != "a folder"])
def test_damaged_parts_and_files_cost_their_own_rows_alone(
    tmp_path: Path, stage: DepthStage, how: str
) -> None:
    part(tmp_path, 0, stage, [0, 1])
    merge_parts(tmp_path, SAMPLES, stage)
    part(tmp_path, 0, stage, [2, 3], start=500)
    part(tmp_path, 1, stage, [4, 5], start=500)
    damaged(tmp_path / QUALITY_FILE, how)
    damaged(tmp_path / ".quality" / "00001.h5.parquet", how)
    merge_parts(tmp_path, SAMPLES, stage)
    assert_rows(tmp_path, stage, {2: 500, 3: 500})


def test_a_flipped_byte_never_raises(tmp_path: Path, stage: DepthStage) -> None:
    part(tmp_path, 0, stage, [0, 1])
    merge_parts(tmp_path, SAMPLES, stage)
    path = tmp_path / QUALITY_FILE
    whole, unreadable = path.read_bytes(), 0
    for place in range(0, len(whole), 7):
        flipped = bytearray(whole)
        flipped[place] ^= 255
        path.write_bytes(flipped)
        unreadable += not has_quality(tmp_path, stage)
    assert unreadable > 0


def test_without_depth_there_is_no_quality(tmp_path: Path) -> None:
    assert not has_quality(tmp_path, None)


def test_a_labelled_dataset_has_a_row_for_every_sample(
    labelled: Path, tmp_path: Path, stage: DepthStage
) -> None:
    dataset, found = Dataset(labelled), read_quality(labelled, stage)
    assert not (labelled / ".quality").exists()
    for sample in dataset[::31]:
        assert sample.depth is not None
        low, high = (found[name][sample.record.index] for name in ("low", "high"))
        assert low == pytest.approx(sample.depth.min(), abs=6e-4)
        assert high == pytest.approx(sample.depth.max(), abs=6e-4)
    assert not np.isnan(found["pop"]).any() and np.isnan(found["disagreement"]).all()
    shutil.copy(labelled / QUALITY_FILE, tmp_path)
    part(tmp_path, 2, stage, [5, 6], start=500)
    merge_parts(tmp_path, len(dataset), stage)
    again = read_quality(tmp_path, stage)
    kept = np.isin(np.arange(len(dataset)), [5, 6], invert=True)
    for name in COLUMNS:
        assert np.array_equal(again[name][kept], found[name][kept], equal_nan=True)
        assert not np.array_equal(again[name], found[name], equal_nan=True)


def test_parts_of_shards_that_are_made_anew_are_forgotten(
    stage: DepthStage, tmp_path: Path
) -> None:
    for shard in ("00000.h5", "00001.h5", "00009.h5"):
        write_part(tmp_path, shard, stage, np.arange(2), [[0.5] * len(COLUMNS)] * 2)
    keep_parts(tmp_path, {"00001.h5", "00002.h5"})
    assert [path.stem for path in (tmp_path / PARTS).iterdir()] == ["00001.h5"]
