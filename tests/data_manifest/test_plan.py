import pickle
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from data_manifest.dataset import PLAN_FILE
from data_manifest.errors import DatasetError
from data_manifest.plan import Plan
from data_manifest.plan_columns import SCHEMA, flat


def test_a_record_is_a_row_of_the_parquet_file(dataset: Path) -> None:
    plan = Plan.read(dataset / PLAN_FILE)
    rows = pq.read_table(dataset / PLAN_FILE).to_pylist()
    assert len(plan) == len(rows) == 140
    for number in (0, 1, 77, 139):
        assert flat(plan[number]).items() >= rows[number].items()
        assert plan[number] == plan.records()[number]


def test_shards_hold_their_rows_in_order(dataset: Path) -> None:
    plan = Plan.read(dataset / PLAN_FILE)
    assert plan.shard_count == 4
    assert plan.shard_rows(1).tolist() == list(range(40, 80))
    assert plan.shard_rows(3).tolist() == list(range(120, 140))
    shuffled = Plan(plan.table.take(np.random.default_rng(0).permutation(140)))
    assert [r.index for r in shuffled.shard_records(1)] == list(range(40, 80))


def test_words_survive_slicing_and_pickling(dataset: Path) -> None:
    plan = Plan.read(dataset / PLAN_FILE)
    again: Plan = pickle.loads(pickle.dumps(Plan(plan.table.slice(100, 5))))
    assert [again[i] for i in range(5)] == [plan[i] for i in range(100, 105)]


def test_missing_and_foreign_files_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is missing; run the command"):
        Plan.read(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("hello")
    with pytest.raises(DatasetError, match="can't be read as Parquet"):
        Plan.read(tmp_path / "text.parquet")
    import pyarrow as pa

    pq.write_table(pa.table({"index": [1]}), tmp_path / "other.parquet")
    with pytest.raises(DatasetError, match="no column 'key'"):
        Plan.read(tmp_path / "other.parquet")


def test_schema_is_the_documented_one() -> None:
    documented = (Path(__file__).parents[2] / "data_manifest" / "FORMAT.md").read_text()
    section = documented.split("## manifest.parquet")[1].split("## ")[0]
    for name in SCHEMA.names:
        assert f"`{name}`" in section
