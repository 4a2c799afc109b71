import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from data_manifest.condition import rows_where
from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, UsageError
from data_manifest.plan import Plan
from data_manifest.quality import COLUMNS, QUALITY_FILE, Column

Where = Callable[[str], list[int]]


@pytest.fixture(scope="module")
def columns(labelled: Path) -> dict[str, Any]:
    """Every column, (n,), read without the plan's own code; words as arrays of str."""
    plan, measures = (pq.read_table(labelled / name) for name in ("manifest.parquet", QUALITY_FILE))
    found = {name: np.array(plan[name].to_pylist()) for name in plan.column_names if name != "flip"}
    return found | {name: measures[name].to_numpy() for name in COLUMNS}


@pytest.fixture
def where(labelled: Path) -> Where:
    dataset = Dataset(labelled)
    return lambda condition: dataset.where(condition).rows.tolist()


BY_HAND: dict[str, Callable[[dict[str, Any]], Any]] = {
    "shift < 0.03": lambda c: c["shift"] < np.float32(0.03),
    "0.03 > shift": lambda c: c["shift"] < np.float32(0.03),
    "0.45 < scale <= 0.5": lambda c: (c["scale"] > 0.45) & (c["scale"] <= 0.5),
    "0.5 >= scale > 0.45": lambda c: (c["scale"] > 0.45) & (c["scale"] <= 0.5),
    "-0 < x": lambda c: c["x"] > 0,
    "index == 17": lambda c: c["index"] == 17,
    "index != 17": lambda c: c["index"] != 17,
    "shard == 1 or shard == 3": lambda c: np.isin(c["shard"], [1, 3]),
    "split == 'train'": lambda c: c["split"] == "train",
    "'val' != split": lambda c: c["split"] != "val",
    'fg == "cat" or fg == "owl"': lambda c: np.isin(c["fg"], ["cat", "owl"]),
    "fg == 'nobody'": lambda c: np.zeros(len(c["index"]), bool),
    "not fg == 'cat'": lambda c: c["fg"] != "cat",
    "x < 30 and y < 30 and width > 40": lambda c: (c["x"] < 30) & (c["y"] < 30) & (c["width"] > 40),
    "x < 10 or y < 10 and height > 40": lambda c: (
        (c["x"] < 10) | ((c["y"] < 10) & (c["height"] > 40))
    ),
    "(x < 10 or y < 10) and height > 40": lambda c: (
        ((c["x"] < 10) | (c["y"] < 10)) & (c["height"] > 40)
    ),
    "not (x < 30 or not y < 30)": lambda c: (c["x"] >= 30) & (c["y"] < 30),
    "not x < 30 and y < 30": lambda c: (c["x"] >= 30) & (c["y"] < 30),
    "not not x == 0": lambda c: c["x"] == 0,
    "pop > .1e0": lambda c: c["pop"] > np.float32(0.1),
    "high < 1e300 and -1e300 < high": lambda c: np.ones(len(c["index"]), bool),
    "  pop > 0.1\t": lambda c: c["pop"] > np.float32(0.1),
}


@pytest.mark.parametrize("condition", BY_HAND)
def test_conditions_are_what_numpy_says_by_hand(
    condition: str, where: Where, columns: dict[str, Any]
) -> None:
    expected = np.flatnonzero(BY_HAND[condition](columns)).tolist()
    assert where(condition) == expected
    assert 0 < len(expected) < len(columns["index"]) or "nobody" in condition or "e300" in condition


def test_flip_is_the_measure_and_no_foreground_mirrored(
    labelled: Path, columns: dict[str, Any]
) -> None:
    """The column of that name in the plan says something else."""
    measures, plan = {"flip": columns["shift"]}, Plan.read(labelled / "manifest.parquet")
    rows = rows_where("flip < 0.08", plan, measures.__getitem__)
    assert np.array_equal(rows, columns["shift"] < np.float32(0.08))
    assert 0 < np.count_nonzero(rows) < len(rows)


def test_negative_numbers_are_numbers(labelled: Path, columns: dict[str, Any]) -> None:
    signed, plan = columns["pop"] - np.float32(0.2), Plan.read(labelled / "manifest.parquet")
    for condition, expected in {
        "-0.13 <= pop < -0.08": (signed >= np.float32(-0.13)) & (signed < np.float32(-0.08)),
        "pop > -1e-1": signed > np.float32(-0.1),
        "-1 < pop": signed > -1,
    }.items():
        rows = rows_where(condition, plan, lambda _name: signed)
        assert np.array_equal(rows, expected) and rows.any()


def test_what_was_not_measured_fulfils_nothing_but_unequal(where: Where) -> None:
    """There was no second teacher to disagree."""
    for how in ("<", "<=", ">", ">=", "=="):
        assert where(f"disagreement {how} 0.5") == []
    assert len(where("disagreement != 0.5")) == len(where("not disagreement < 0.5")) == 140


def test_rows_are_of_the_whole_plan_and_bool(labelled: Path) -> None:
    def nothing(name: str) -> Column:
        raise AssertionError(f"nobody asked for {name}")

    plan = Plan.read(labelled / "manifest.parquet")
    rows = rows_where("scale < 0.5", plan, nothing)
    assert (rows.shape, rows.dtype) == ((140,), np.bool_)


def test_where_keeps_to_the_samples_that_a_dataset_has(labelled: Path, where: Where) -> None:
    whole = Dataset(labelled)
    for some in (Dataset(labelled, split="train"), Dataset(labelled / "00001.h5"), whole):
        before, found = some.rows.tolist(), some.where("scale < 0.5")
        assert found.rows.tolist() == [row for row in before if row in where("scale < 0.5")]
        assert 0 < len(found) < len(before)
        assert some.rows.tolist() == before
        for sample in found[:3]:
            assert sample.record.placements[0].scale < 0.5
            assert np.array_equal(sample.fg_bg, whole[sample.record.index].fg_bg)


def test_where_after_where_is_both(labelled: Path, where: Where) -> None:
    both = Dataset(labelled).where("scale < 0.5").where("split == 'train'")
    assert both.rows.tolist() == where("scale < 0.5 and split == 'train'")
    assert len(Dataset(labelled).where("scale < 0")) == 0


def test_a_plan_needs_no_depth_but_measures_do(dataset: Path) -> None:
    assert 0 < len(Dataset(dataset).where("scale < 0.5")) < 140
    with pytest.raises(DatasetError, match="has no depth yet, so no pop; run `depthgen run`"):
        Dataset(dataset).where("scale < 0.5 and pop > 0")


RAN = "__import__('pathlib').Path('ran').touch()"
CODE = [
    RAN,
    f"{RAN} < 1",
    f"scale < {RAN}",
    f"scale < 1 and {RAN}",
    "open('ran', 'w') == fg",
    "scale.tofile('ran') == 1",
    "scale.__class__ < 1",
    "scale[0] < 1",
    "(lambda: open('ran', 'w'))() < scale",
    "lambda: scale < 1",
    "(scale := 1) < 2",
    "[open('ran', 'w') for _ in fg] == fg",
    "{open('ran', 'w')} < scale",
    'f\'{open("ran", "w")}\' == fg',
    "scale < 1 if open('ran', 'w') else scale < 2",
    "*scale < 1",
    "await scale < 1",
    "yield",
    "import os",
    "scale = 1",
    "del scale",
    "scale < 1; open('ran', 'w')",
    "scale < 1\nopen('ran', 'w')",
]


@pytest.mark.parametrize("condition", CODE)
def test_no_code_runs(condition: str, where: Where, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"(?s)^--where .*\.$"):
        where(condition)
    assert list(tmp_path.iterdir()) == []


NONSENSE = [
    "",
    " ",
    "scale",
    "not scale",
    "1 < 2",
    "'a' == 'a'",
    "True",
    "scale < ",
    "scale <> 1",
    "scale < 1 &",
    "(scale < 1",
    "scale < x",
    "scale < scale",
    "scale + 1 < 2",
    "scale < 1 + 1",
    "scale < 'train'",
    "scale == None",
    "scale < 1j",
    "scale < ~1",
    "scale < --1",
    "scale is 1",
    "scale in (1, 2)",
    "fg in 'cat'",
    "scale < 1, scale < 2",
    "scale < 1 < 2",
    "\0",
    "scale < \0",
    "\udc80 < 1",
    "🦉 < 1",
    "scale \N{FULLWIDTH LESS-THAN SIGN} 1",
    "x" * 10_000,
    "scale < 1 and " * 1_000 + "scale < 1",
    "(" * 400 + "scale < 1" + ")" * 400,
    "[" * 900,
    "-" * 900 + "1 < scale",
    "scale < " + "9" * 400,
    "shift < " + "9" * 400,
    "-" + "9" * 400 + " < scale",
]


@pytest.mark.parametrize("condition", NONSENSE, ids=lambda text: ascii(text[:24]))
def test_nonsense_is_one_sentence(condition: str, where: Where) -> None:
    with pytest.raises(UsageError) as caught:
        where(condition)
    said = str(caught.value)
    assert said.startswith("--where ") and "expected comparisons such as 'shift < 0.1" in said
    assert len(said) < 200 and said.endswith(".")


def test_an_unknown_column_is_a_sentence_that_names_the_known_ones(where: Where) -> None:
    with pytest.raises(UsageError, match="no column 'shitf'; there are low, high") as caught:
        where("shitf < 0.1")
    for name in (*COLUMNS, "index", "scale", "bg", "fg", "split", "blend"):
        assert name in str(caught.value)
    for column in ("key", "row", "__class__", "others", "os"):
        with pytest.raises(UsageError, match=f"no column '{column}'"):
            where(f"scale < 1 or {column} == 1")


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("split == train", "--where split == train: expected comparisons"),
        ("split == 1", "words stand in quotes, split == 'train'"),
        ("split == b'train'", "words stand in quotes, split == 'train'"),
        ("split < 'train'", "split can only be == or != a word"),
        ("'a' <= bg <= 'b'", "bg can only be == or != a word"),
    ],
)
def test_words_are_asked_for_as_words(condition: str, says: str, where: Where) -> None:
    with pytest.raises(UsageError) as caught:
        where(condition)
    assert says in str(caught.value)


def test_nesting_within_reason_is_understood(where: Where) -> None:
    assert where("not " * 240 + "scale < 0.5") == where("scale < 0.5")
    assert where("(" * 90 + "scale < 0.5" + ")" * 90) == where("scale < 0.5")
    assert where(" and ".join(["scale < 0.5"] * 60)) == where("scale < 0.5")


def test_a_backslash_says_nothing_on_its_own(where: Where) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert where(r"bg == 'a\d'") == []
    assert [str(one.message) for one in said] == []
