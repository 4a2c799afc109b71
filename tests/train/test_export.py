"""Students as files that other programs run."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino
import pytest
import torch
import yaml

from data_manifest.dataset import Dataset
from data_manifest.errors import UsageError, WeightsError
from data_manifest.pictures.resizing import resize
from data_manifest.record import Size
from tests.conftest import Command
from train.config.fit import FitConfig
from train.config.shipping import ExportConfig
from train.export import export
from train.fit import fit
from train.running.checkpoint import Checkpoint
from train.running.run_folder import _files
from train.shipping import parity

ALLOWED = 1e-4
ROWS = (0, 30, 60, 90, 120)
Pictures = np.ndarray
OTHERS = {"twin": (96, "auto"), "timm:tf_efficientnet_lite0": (64, "none")}


@pytest.fixture(scope="module", params=["mdeas", *OTHERS])
def run(
    request: pytest.FixtureRequest,
    student_run: Path,
    labelled: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A short run of each kind of student, to export from."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    if request.param == "mdeas":
        return Path(shutil.copytree(student_run, folder))
    size, weights = OTHERS[request.param]
    options = {
        "shards": (str(labelled),), "out": folder, "model": request.param, "size": size,
        "weights": weights, "epochs": 1, "batch_size": 4, "limit": 16, "ema": 0, "workers": 0,
        "device": "cpu", "quiet": True,
    }  # fmt: skip
    fit(FitConfig.model_validate(options))
    return folder


@pytest.fixture
def mine(student_run: Path, tmp_path: Path) -> Path:
    """A copy of the MDEAS run, to write into."""
    return Path(shutil.copytree(student_run, tmp_path / "run"))


def pictures(data: Path, size: Size) -> tuple[Pictures, Pictures]:
    """bg and fg_bg of real samples, (B, 3, H, W) float32 in [0, 1]."""
    samples = [Dataset(data)[row] for row in ROWS]
    bg, fg_bg = (
        np.stack([resize(one, size).transpose(2, 0, 1) for one in several]) / np.float32(255)
        for several in ([s.bg for s in samples], [s.fg_bg for s in samples])
    )
    return bg, fg_bg


def in_torch(run: Path, bg: Pictures, fg_bg: Pictures, name: str = "best") -> tuple:
    """Mask probability, and depth target within [0, 1], by the checkpoint itself."""
    model = Checkpoint.read(run / f"{name}.pt").trained_model()
    with torch.inference_mode():
        logits, depth = model(torch.from_numpy(bg), torch.from_numpy(fg_bg))
    return torch.sigmoid(logits).numpy(), depth.clamp(0, 1).numpy()


def off(answers: tuple, run: Path, bg: Pictures, fg_bg: Pictures, name: str = "best") -> float:
    """The greatest difference of answers in the unit from torch's, in mask or depth target."""
    mask, target = in_torch(run, bg, fg_bg, name)
    assert target.std() > 1e-3 and mask.std() > 1e-3  # or agreeing would be no wonder
    encoding = Checkpoint.read(run / f"{name}.pt").network.encoding
    mine = encoding.to_target(answers[1])
    return float(max(np.abs(answers[0] - mask).max(), np.abs(mine - target).max()))


def test_answers_are_torchs(run: Path, labelled: Path) -> None:
    """In onnxruntime and in OpenVINO, for one pair and for several."""
    said = export(ExportConfig(run=run, quiet=True))
    assert "onnxruntime by" in said and "openvino by" in said and "1e-04 is allowed" in said
    size = Checkpoint.read(run / "best.pt").network.size
    bg, fg_bg = pictures(labelled, size)
    session = onnxruntime.InferenceSession(str(run / "model.onnx"))
    compiled = openvino.Core().compile_model(
        run / "model.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    assert [part.name for part in session.get_inputs()] == ["bg", "fg_bg"]
    assert [part.name for part in session.get_outputs()] == ["mask", "depth"]
    assert [part.shape for part in session.get_outputs()] == [["batch", 1, *size.shape]] * 2
    for count in (1, len(ROWS)):
        pair = {"bg": bg[:count], "fg_bg": fg_bg[:count]}
        answers = session.run(["mask", "depth"], pair)
        assert answers[0].shape == answers[1].shape == (count, 1, *size.shape)
        assert off(answers, run, bg[:count], fg_bg[:count]) <= ALLOWED
        its = compiled(pair)
        assert off((its["mask"], its["depth"]), run, bg[:count], fg_bg[:count]) <= ALLOWED


def test_the_file_says_what_it_is(mine: Path, labelled: Path) -> None:
    export(ExportConfig(run=mine, quiet=True))
    model = onnx.load(mine / "model.onnx")
    words = {part.key: part.value for part in model.metadata_props}
    header = Dataset(labelled).header
    assert header.stages.depth is not None
    assert words["student"] == "mdeas" and words["size"] == "48x48"
    assert (words["unit"], words["kind"], words["near_is"]) == ("metres", "metric", "small")
    assert (words["nearest"], words["farthest"]) == ("0", "10")
    assert words["fingerprint"] == header.fingerprint
    assert words["origin"] == Checkpoint.read(mine / "best.pt").network.origin
    assert f"{header.stages.depth.teacher}, licence MIT" in words["licence"]
    assert words["checkpoint"] == "best.pt" and len(words["checkpoint_sha256"]) == 64


def test_the_same_run_gives_the_same_bytes(mine: Path) -> None:
    export(ExportConfig(run=mine, quiet=True))
    export(ExportConfig(run=mine, out=mine / "model.again.onnx", quiet=True))
    assert (mine / "model.onnx").read_bytes() == (mine / "model.again.onnx").read_bytes()


def test_it_may_be_for_another_size_and_of_other_weights(mine: Path, labelled: Path) -> None:
    out = mine.parent / "new" / "wide.onnx"
    export(ExportConfig(run=mine, size="64x32", checkpoint="last", out=out, quiet=True))  # type: ignore[arg-type]
    bg, fg_bg = pictures(labelled, Size(64, 32))
    answers = onnxruntime.InferenceSession(str(out)).run(None, {"bg": bg, "fg_bg": fg_bg})
    assert answers[0].shape == (len(ROWS), 1, 32, 64)
    assert off(answers, mine, bg, fg_bg, "last") <= ALLOWED
    with pytest.raises(UsageError, match=r"--size 50: mdeas needs sides that are .* such as 48x48"):
        export(ExportConfig(run=mine, size=50, quiet=True))  # type: ignore[arg-type]


def test_openvino_reads_its_own_files(mine: Path, labelled: Path) -> None:
    said = export(ExportConfig(run=mine, to="openvino", quiet=True))
    assert "model.xml" in said and "onnxruntime" not in said
    assert {"model.xml", "model.bin"} <= {path.name for path in mine.iterdir()}
    model = openvino.Core().read_model(mine / "model.xml")
    assert model.get_rt_info(["diorama", "near_is"]).value == "small"
    bg, fg_bg = pictures(labelled, Size(48, 48))
    its = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(
        {"bg": bg, "fg_bg": fg_bg}
    )
    assert off((its["mask"], its["depth"]), mine, bg, fg_bg) <= ALLOWED
    export(ExportConfig(run=mine, to="openvino", quiet=True))  # may replace what it wrote


def test_what_it_writes_belongs_to_the_run(mine: Path) -> None:
    before = set(mine.iterdir())
    export(ExportConfig(run=mine, quiet=True))
    export(ExportConfig(run=mine, to="openvino", quiet=True))
    assert set(mine.iterdir()) - before <= set(_files(mine))


@pytest.mark.parametrize(
    ("to", "name"), [("onnx", "model.onnx"), ("openvino", "model.xml"), ("openvino", "model.bin")]
)
def test_a_strangers_file_is_not_replaced_unasked(mine: Path, to: str, name: str) -> None:
    (mine / name).write_text("mine, not yours\n")
    config = ExportConfig.model_validate({"run": mine, "to": to, "quiet": True})
    with pytest.raises(UsageError, match=rf"{name} exists; choose another --out"):
        export(config)
    assert (mine / name).read_text() == "mine, not yours\n"
    export(config.model_copy(update={"overwrite": True}))
    assert (mine / name).stat().st_size > 100_000
    export(config)  # what is its own now, it may replace


def test_what_answers_otherwise_is_not_left(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a tolerance that no engine can hold: sums are made in another order."""
    monkeypatch.setattr(parity, "TOLERANCE", 0.0)
    before = set(mine.iterdir())
    for to in ("onnx", "openvino"):
        with pytest.raises(WeightsError, match="nothing was written"):
            export(ExportConfig.model_validate({"run": mine, "to": to, "quiet": True}))
    assert set(mine.iterdir()) == before


def test_without_its_dataset_it_is_checked_on_a_photograph(
    mine: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = yaml.safe_load((mine / "config.yaml").read_text())
    gone = str(tmp_path / "gone")
    (mine / "config.yaml").write_text(yaml.safe_dump({**options, "shards": [gone]}))
    assert "pairs made of a photograph" in export(ExportConfig(run=mine))
    assert f"not on samples: There is no dataset {gone}" in capsys.readouterr().err
    words = onnx.load(mine / "model.onnx").metadata_props
    assert any("the dataset was gone" in part.value for part in words)
    with pytest.raises(UsageError, match="There is no dataset elsewhere"):
        export(ExportConfig(run=mine, shards=("elsewhere",)))


def test_the_command_says_what_is_wrong(command: Command, student_run: Path) -> None:
    for words, says in (
        (["nowhere"], "Error: There is no checkpoint nowhere/best.pt; train one with `train fit`."),
        ([student_run, "--to", "openvino", "--out", "a.onnx"], "its name must end in .xml"),
        ([student_run, "--checkpoint", "pruned"], "There is no checkpoint"),
    ):
        done = command("train", "export", *words)
        assert done.returncode == 2 and says in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
