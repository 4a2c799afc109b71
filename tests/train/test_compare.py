"""All forms of a real student beside each other."""

import json
import shutil
from pathlib import Path

import pytest

from data_manifest.errors import UsageError, WeightsError
from tests.conftest import Command
from train.compare import compare
from train.config.shipping import CompareConfig, ExportConfig, PruneConfig, QuantizeConfig
from train.config.trained import EvaluateConfig
from train.evaluate import evaluate
from train.export import export
from train.prune import prune
from train.quantize import quantize

EVERYTHING = [
    ("best.pt", "torch"),
    ("pruned.pt", "torch"),
    ("model.onnx", "onnxruntime"),
    ("model.int8.onnx", "onnxruntime"),
    ("model.xml", "openvino"),
    ("model.onnx", "openvino"),
    ("model.int8.onnx", "openvino"),
]


@pytest.fixture(scope="module")
def compared(student_run: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run with everything in it, and what is said of it; read only."""
    run = Path(shutil.copytree(student_run, tmp_path_factory.mktemp("compared") / "run"))
    export(ExportConfig(run=run, quiet=True))
    export(ExportConfig(run=run, to="openvino", quiet=True))
    prune(PruneConfig(run=run, amount=0.5, limit=2, quiet=True))
    quantize(QuantizeConfig(run=run, samples=8, limit=2, keep=True, quiet=True))
    return run, compare(CompareConfig(run=run, threads=1, quiet=True))


@pytest.fixture
def mine(student_run: Path, tmp_path: Path) -> Path:
    """A copy of the run, to write into."""
    return Path(shutil.copytree(student_run, tmp_path / "run"))


def test_every_form_is_in_the_table_and_in_the_json(compared: tuple[Path, str]) -> None:
    run, said = compared
    content = json.loads((run / "comparison.json").read_text())
    assert (content["threads"], content["split"], content["samples"]) == (1, "val", 16)
    assert content["unit"] == "metres"
    rows = content["variants"]
    assert [(row["file"], row["engine"]) for row in rows] == EVERYTHING
    lines = said.splitlines()
    assert lines[0].split()[-3:] == ["depth", "RMSE", "[m]"]
    for line, row in zip(lines[1:], rows, strict=False):
        assert line.split()[:3] == [row["file"], row["engine"], "48x48"]
        assert line.split()[-2:] == [f"{row['mask_iou']:.4f}", f"{row['depth_rmse']:.4f}"]
        assert row["milliseconds"] > 0
    assert lines[-1] == "on 16 samples of val; one pair at a time on the CPU, threads: 1"
    assert len(lines) == len(rows) + 2


def test_sizes_are_those_on_disk(compared: tuple[Path, str]) -> None:
    run, _ = compared
    for row in json.loads((run / "comparison.json").read_text())["variants"]:
        expected = (run / row["file"]).stat().st_size
        if row["file"] == "model.xml":
            expected += (run / "model.bin").stat().st_size
        assert row["bytes"] == expected


def test_errors_are_those_of_evaluate_and_the_same_in_every_engine(
    compared: tuple[Path, str],
) -> None:
    run, _ = compared
    for checkpoint in ("best", "pruned"):
        evaluate(EvaluateConfig(run=run, checkpoint=checkpoint, device="cpu", quiet=True))  # type: ignore[arg-type]
        found = json.loads((run / "evaluation.json").read_text())["splits"]["val"]["student"]
        rows = json.loads((run / "comparison.json").read_text())["variants"]
        names = ("model.onnx", "model.xml", "best.pt") if checkpoint == "best" else ("pruned.pt",)
        for row in (row for row in rows if row["file"] in names):
            assert row["mask_iou"] == pytest.approx(found["mask_iou"], abs=1e-3)
            assert row["depth_rmse"] == pytest.approx(found["depth_rmse"], rel=1e-3)


def test_a_run_alone_is_compared_with_nothing(mine: Path) -> None:
    said = compare(CompareConfig(run=mine, limit=3, threads=1, quiet=True))
    assert len(said.splitlines()) == 3 and "best.pt" in said and "on 3 samples of val" in said


def test_it_says_which_files_are_of_other_weights(mine: Path) -> None:
    export(ExportConfig(run=mine, quiet=True))
    prune(PruneConfig(run=mine, amount=0.5, limit=2, quiet=True))
    shutil.copy(mine / "pruned.pt", mine / "best.pt")
    said = compare(CompareConfig(run=mine, limit=2, threads=1, quiet=True)).splitlines()
    assert said[-1] == "model.onnx was made of other weights than best.pt has now; export again"
    assert sum("other weights" in line for line in said) == 1


def test_what_cant_be_compared_is_a_sentence(mine: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no checkpoint nowhere/best\.pt"):
        compare(CompareConfig(run=Path("nowhere")))
    with pytest.raises(UsageError, match="There is no dataset gone"):
        compare(CompareConfig(run=mine, shards=("gone",)))
    for content in (b"no network\n", (mine / "best.pt").read_bytes()[:999]):
        (mine / "model.onnx").write_bytes(content)
        with pytest.raises(WeightsError, match=r"model\.onnx is not an ONNX file, or is cut off"):
            compare(CompareConfig(run=mine, limit=2, threads=1, quiet=True))
    (mine / "model.onnx").unlink()
    (mine / "model.xml").write_text("<net/>\n")
    with pytest.raises(WeightsError, match=r"model\.xml can't be run by OpenVINO: "):
        compare(CompareConfig(run=mine, limit=2, threads=1, quiet=True))
    assert not (mine / "comparison.json").exists()


def test_the_command_prints_the_table(command: Command, mine: Path) -> None:
    done = command("train", "compare", mine, "--limit", 2, "--threads", 1)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("file ")
