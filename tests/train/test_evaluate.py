"""What a student is worth, beside others, and where it is weak."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, UsageError
from data_manifest.plan import Plan
from data_manifest.record import SPLITS
from data_manifest.weights import fastdepth
from train.config.trained import EvaluateConfig
from train.evaluate import evaluate
from train.judging.evaluation import SCHEMA
from train.judging.legacy_figures import LABELS
from train.metrics.figures import NAMES
from train.running.run_folder import _files

PREDICTORS = ["student", "empty mask", "mean mask", "teacher"]


@pytest.fixture
def mine(student_run: Path, tmp_path: Path) -> Path:
    """A copy of the run, to evaluate."""
    return Path(shutil.copytree(student_run, tmp_path / "run"))


@pytest.fixture(scope="module")
def evaluated(student_run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run that was evaluated whole, and what was said; read only."""
    folder = Path(shutil.copytree(student_run, tmp_path_factory.mktemp("evaluated") / "run"))
    return folder, evaluate(quiet(folder, legacy=True, worst=5))


def quiet(run: Path, **options: object) -> EvaluateConfig:
    return EvaluateConfig.model_validate({"run": run, "quiet": True, "device": "cpu", **options})


def found(run: Path) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    whole: dict[str, dict[str, dict[str, dict[str, float]]]]
    whole = json.loads((run / "evaluation.json").read_text())
    return whole


def test_the_student_stands_beside_baselines_and_its_teacher(evaluated: tuple[Path, str]) -> None:
    splits = found(evaluated[0])["splits"]
    assert list(splits) == ["val", "val_bg", "val_fg"]
    for rows in splits.values():
        assert list(rows) == PREDICTORS
        assert all(tuple(metrics) == NAMES for metrics in rows.values())
        assert rows["empty mask"]["mask_iou"] == 0
        assert rows["mean mask"]["mask_iou"] > 0
        assert rows["empty mask"]["depth_rmse"] == rows["mean mask"]["depth_rmse"]
        assert rows["teacher"]["mask_iou"] is rows["teacher"]["mask_dice"] is None
        assert 0 < rows["teacher"]["depth_rmse"] < 2


def test_the_text_is_for_a_person(evaluated: tuple[Path, str]) -> None:
    run, said = evaluated
    lines = said.splitlines()
    assert lines[0] == (
        f"{run}/best.pt, mdeas at 48 x 48 pixels (not pretrained: all weights are random)"
    )
    heads = lines[2].replace(" [m]", "[m]").split()
    assert heads[:6] == ["split", "predictor", *NAMES[:2], "depth_mae[m]", "depth_rmse[m]"]
    table = {(line[:8].strip(), line[8:20].strip()): line[20:].split() for line in lines[3:15]}
    splits = found(run)["splits"]
    for split, rows in splits.items():
        for predictor, metrics in rows.items():
            shown = ["-" if value is None else f"{value:.4f}" for value in metrics.values()]
            assert table[split, predictor] == shown
    for word in ("background", "foreground", "mask, share of picture", "MDEAS: mask accuracy"):
        assert word in said
    assert said.endswith("the worst to look at in worst.png")
    assert max(map(len, lines[2:-1])) < 140


def test_every_sample_has_a_row(evaluated: tuple[Path, str], labelled: Path) -> None:
    table = pq.read_table(evaluated[0] / "evaluation.parquet")
    assert table.schema.equals(SCHEMA)
    rows = table.to_pylist()
    unseen = [s.record for name in SPLITS[1:] for s in Dataset(labelled, split=name)]
    assert [(row["index"], row["key"], row["split"], row["bg"], row["fg"]) for row in rows] == [
        (one.index, one.key, one.split, one.bg, one.fg) for one in unseen
    ]
    for split, metrics in found(evaluated[0])["splits"].items():
        rmse = np.sqrt(np.mean([r["depth_rmse"] ** 2 for r in rows if r["split"] == split]))
        assert metrics["student"]["depth_rmse"] == pytest.approx(rmse)


def test_groups_are_those_of_the_rows(evaluated: tuple[Path, str]) -> None:
    run, said = evaluated
    table = pq.read_table(run / "evaluation.parquet").to_pylist()
    kinds = json.loads((run / "evaluation.json").read_text())["groups"]
    for kind in ("bg", "fg"):
        assert [group["name"] for group in kinds[kind]] == sorted({row[kind] for row in table})
        for group in kinds[kind]:
            members = [row["mask_iou"] for row in table if row[kind] == group["name"]]
            assert group["samples"] == len(members)
            assert group["mask_iou"] == pytest.approx(np.mean(members))
    assert sum(group["samples"] for group in kinds["mask_share"]) == len(table)
    worst = min(kinds["fg"], key=lambda group: group["mask_iou"])
    assert worst["name"] in said


def test_the_worst_are_drawn(evaluated: tuple[Path, str]) -> None:
    with Image.open(evaluated[0] / "worst.png") as sheet:
        assert sheet.size == (6 * 200 + 16, 28 + 5 * (192 + 28))


def test_earlier_systems_figures_are_given_where_asked_for(
    evaluated: tuple[Path, str], mine: Path
) -> None:
    legacy = found(evaluated[0])["legacy"]
    assert list(legacy) == ["val", "val_bg", "val_fg"]
    assert all(list(figures) == list(LABELS) for figures in legacy.values())
    assert "MDEAS" not in evaluate(quiet(mine, limit=2, worst=0))
    assert found(mine)["legacy"] == {}
    assert not (mine / "worst.png").exists()


def test_what_is_written_belongs_to_the_run(evaluated: tuple[Path, str]) -> None:
    mine = {path.name for path in _files(evaluated[0])}
    assert {"evaluation.json", "evaluation.parquet", "worst.png"} <= mine


def test_a_limit_spreads_over_each_split(mine: Path, labelled: Path) -> None:
    evaluate(quiet(mine, limit=3, worst=2, batch_size=2))
    rows = pq.read_table(mine / "evaluation.parquet").to_pylist()
    assert [row["split"] for row in rows] == ["val"] * 3 + ["val_bg"] * 3 + ["val_fg"] * 3
    records = [sample.record for sample in Dataset(labelled, split="val")]
    assert [row["key"] for row in rows[:3]] == [
        records[k * len(records) // 3].key for k in range(3)
    ]


def test_an_empty_split_is_left_out_with_a_sentence(
    mine: Path, labelled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dataset without samples of train and val_bg."""
    copy = Path(shutil.copytree(labelled, mine.parent / "data"))
    table = Plan.read(copy / "manifest.parquet").table
    splits = table["split"].to_pylist()
    left = pa.array(["val_fg" if one == "val_fg" else "val" for one in splits])
    where = table.schema.get_field_index("split")
    Plan(table.set_column(where, "split", left.dictionary_encode())).write(
        copy / "manifest.parquet"
    )
    evaluate(quiet(mine, shards=(str(copy),), limit=2, quiet=False))
    said = capsys.readouterr().err
    assert "val_bg has no samples and is left out." in said
    assert "train has no samples, so there are no baselines." in said
    whole = found(mine)
    assert list(whole["splits"]) == ["val", "val_fg"]
    assert list(whole["splits"]["val"]) == ["student", "teacher"]
    assert len(whole["notes"]) == 2


def test_a_teacher_that_isnt_at_hand_is_left_out_and_not_fetched(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DIORAMA_CACHE", str(tmp_path / "cache"))
    evaluate(quiet(mine, limit=1, quiet=False))
    said = capsys.readouterr().err
    assert f"The teacher is left out: there is no {fastdepth.cached()}" in said
    assert list(found(mine)["splits"]["val"]) == PREDICTORS[:-1]
    assert not (tmp_path / "cache").exists()


def with_encoding(labelled: Path, folder: Path, **values: object) -> Path:
    """A copy of a dataset whose labels are said to mean something else."""
    copy = Path(shutil.copytree(labelled, folder))
    header = json.loads((copy / "dataset.json").read_text())
    header["stages"]["depth"]["encoding"] |= values
    (copy / "dataset.json").write_text(json.dumps(header))
    return copy


def test_labels_of_another_meaning_are_refused(mine: Path, labelled: Path, tmp_path: Path) -> None:
    other = with_encoding(labelled, tmp_path / "data", unit="none", kind="relative")
    sentence = (
        r"answers depth that is metric, unit metres, near small, and the labels of .*data are "
        r"relative, unit none, near small; they can't be compared"
    )
    with pytest.raises(UsageError, match=sentence):
        evaluate(quiet(mine, shards=(str(other),)))


def test_labels_with_another_range_are_compared_in_their_unit(
    evaluated: tuple[Path, str], mine: Path, labelled: Path, tmp_path: Path
) -> None:
    other = with_encoding(labelled, tmp_path / "data", target_scale=0.05)  # to 20 metres
    evaluate(quiet(mine, shards=(str(other),)))
    for split, rows in found(mine)["splits"].items():
        expected = found(evaluated[0])["splits"][split]
        for predictor in PREDICTORS:
            for metric in ("depth_rmse", "depth_mae", "depth_delta1"):
                assert rows[predictor][metric] == pytest.approx(expected[predictor][metric], 1e-3)


def test_what_cant_be_judged_is_a_sentence(
    mine: Path, make_dataset: Callable[..., Path], dataset: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"There is no checkpoint .*nothing/best\.pt"):
        evaluate(quiet(mine / "nothing"))
    with pytest.raises(DatasetError, match="has no depth yet"):
        evaluate(quiet(mine, shards=(str(dataset),)))
    whole = make_dataset(tmp_path / "whole", hold_out=0, limit=4)
    with pytest.raises(DatasetError, match="has no validation samples; its --hold-out is 0"):
        evaluate(quiet(mine, shards=(str(whole),)))
    (mine / "config.yaml").unlink()
    with pytest.raises(UsageError, match="is not a run of `train fit`"):
        evaluate(quiet(mine))
