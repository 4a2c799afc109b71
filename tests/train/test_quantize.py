"""A real student in eight bits."""

import re
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, UsageError, WeightsError
from data_manifest.pictures.resizing import resize
from data_manifest.record import Size
from train import quantize as stage
from train.config.shipping import ExportConfig, PruneConfig, QuantizeConfig
from train.export import export
from train.prune import prune
from train.quantize import quantize
from train.running.run_folder import _files

ALWAYS, NEVER = 0.0, float("inf")


@pytest.fixture(scope="module")
def exported(student_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run with model.onnx; read only."""
    folder = Path(shutil.copytree(student_run, tmp_path_factory.mktemp("exported") / "run"))
    export(ExportConfig(run=folder, quiet=True))
    return folder


@pytest.fixture
def mine(exported: Path, tmp_path: Path) -> Path:
    """A copy of it, to write into."""
    return Path(shutil.copytree(exported, tmp_path / "run"))


def short(run: Path, **options: object) -> QuantizeConfig:
    return QuantizeConfig.model_validate(
        {"run": run, "samples": 8, "limit": 6, "threads": 1, "quiet": True, **options}
    )


def test_eight_bits_answer_nearly_the_same(mine: Path, labelled: Path) -> None:
    quantize(short(mine, samples=32, keep=True))
    samples = [Dataset(labelled, split="val")[row] for row in range(6)]
    bg, fg_bg = (
        np.stack([resize(one, Size(48, 48)).transpose(2, 0, 1) for one in several])
        / np.float32(255)
        for several in ([s.bg for s in samples], [s.fg_bg for s in samples])
    )
    (mask, depth), (its_mask, its_depth) = (
        onnxruntime.InferenceSession(str(mine / name)).run(None, {"bg": bg, "fg_bg": fg_bg})
        for name in ("model.onnx", "model.int8.onnx")
    )
    assert depth.std() > 0.05 and mask.std() > 0.01
    assert 0 < np.abs(depth - its_depth).mean() < depth.std() / 4
    assert 0 < np.abs(mask - its_mask).mean() < mask.std() / 4


def test_kernels_are_of_eight_bits_but_for_the_edges(mine: Path) -> None:
    quantize(short(mine, keep=True))
    graph = onnx.load(mine / "model.int8.onnx").graph
    kinds = {part.name: part.data_type for part in graph.initializer}
    made_of = {node.output[0]: node for node in graph.node}
    floats = []
    for node in graph.node:
        if node.op_type == "Conv":
            source = made_of.get(node.input[1])
            if source is None:
                floats.append(node.name)
            else:
                assert kinds[source.input[0]] == onnx.TensorProto.INT8
                assert len(source.input) == 3 and kinds[source.input[2]] == onnx.TensorProto.INT8
    expected = {"bg_stem.0", "fg_bg_stem.0", "mask_head", "depth_head"}
    assert {name.split("/")[-2] for name in floats} == expected
    sizes = [(mine / name).stat().st_size for name in ("model.onnx", "model.int8.onnx")]
    assert sizes[1] < sizes[0] / 2
    assert mine / "model.int8.onnx" in set(_files(mine))


def test_it_says_of_itself_what_the_whole_one_says(mine: Path) -> None:
    quantize(short(mine, keep=True))
    whole, small = (onnx.load(mine / name) for name in ("model.onnx", "model.int8.onnx"))
    assert list(whole.metadata_props) == list(small.metadata_props)
    assert whole.doc_string == small.doc_string


def test_it_is_kept_where_it_is_faster(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine is, by what is asked of it."""
    out = mine / "model.int8.onnx"
    monkeypatch.setattr(stage, "WORTH_IT", NEVER)
    said = quantize(short(mine))
    assert said.startswith("not kept, as it isn't faster here (--keep keeps it): ")
    assert not out.exists()
    assert quantize(short(mine, keep=True)).startswith(f"{out}, though it isn't faster here: ")
    assert out.exists()
    out.unlink()
    monkeypatch.setattr(stage, "WORTH_IT", ALWAYS)
    said = quantize(short(mine))
    assert said.startswith(f"{out}: ") and out.exists()
    figures = r"[\d.]+ instead of [\d.]+ MB; [\d.]+ ms a pair instead of [\d.]+ in onnxruntime, "
    assert re.search(figures, said) and len(said.splitlines()) == 1
    assert "on 6 samples of val: mask IoU 0." in said and "depth RMSE" in said


def test_a_strangers_file_is_not_replaced_unasked(mine: Path) -> None:
    out = mine / "model.int8.onnx"
    out.write_text("mine, not yours\n")
    with pytest.raises(UsageError, match=r"int8\.onnx exists; choose another --out"):
        quantize(short(mine, keep=True))
    assert out.read_text() == "mine, not yours\n"
    quantize(short(mine, keep=True, overwrite=True))
    quantize(short(mine, keep=True))  # what is its own now, it may replace
    assert out.stat().st_size > 100_000


def test_it_needs_an_export_of_the_weights_that_are_there(student_run: Path, mine: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no .*model\.onnx; make it with `train export"):
        quantize(short(student_run))
    prune(PruneConfig(run=mine, limit=2, quiet=True))
    (mine / "pruned.pt").replace(mine / "best.pt")
    with pytest.raises(
        UsageError, match=r"made of other weights than best\.pt has now; run `train"
    ):
        quantize(short(mine))
    (mine / "model.onnx").write_text("no network\n")
    with pytest.raises(WeightsError, match=r"model\.onnx is not an ONNX file, or is cut off"):
        quantize(short(mine))


def test_it_needs_samples(mine: Path, labelled: Path) -> None:
    with pytest.raises(DatasetError, match="no validation samples"):
        quantize(short(mine, shards=(str(labelled / "00003.h5"),)))
    with pytest.raises(UsageError, match="There is no dataset gone"):
        quantize(short(mine, shards=("gone",)))
    with pytest.raises(DatasetError, match="no sample of the split train to calibrate on"):
        stage._calibration(Dataset(labelled, split="val"), 8, Size(48, 48))
