"""Real short runs on real samples."""

import contextlib
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from train.checkpoint import Checkpoint

from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, RecipeError, TrainingError, UsageError
from data_manifest.header import Header
from train.config import EvaluateConfig, FitConfig, PredictConfig
from train.evaluate import evaluate
from train.fit import fit
from train.predict import predict

Options = dict[str, object]


@pytest.fixture(scope="module")
def options(labelled: Path) -> Options:
    return {
        "shards": (str(labelled / "*.h5"),),
        "size": 48,
        "batch_size": 16,
        "epochs": 3,
        "limit": 40,
        "device": "cpu",
        "quiet": True,
    }


@pytest.fixture(scope="module")
def run(options: Options, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of three epochs; read only."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    fit(FitConfig.model_validate({**options, "out": folder}))
    return folder


def weights(run: Path, name: str = "last.pt") -> dict[str, torch.Tensor]:
    return Checkpoint.read(run / name).model


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def test_a_run_leaves_what_it_promises(run: Path) -> None:
    assert {"config.yaml", "last.pt", "best.pt", "curves.png", "tensorboard"} <= {
        path.name for path in run.iterdir()
    }
    saved = yaml.safe_load((run / "config.yaml").read_text())
    assert (saved["epochs"], saved["size"], saved["model"]) == (3, 48, "mdeas")
    history = Checkpoint.read(run / "last.pt").history
    assert len(history) == 3
    assert history[-1]["train/loss"] < history[0]["train/loss"]
    best = Checkpoint.read(run / "best.pt")
    assert best.history[-1]["val/loss"] == min(row["val/loss"] for row in history)
    with Image.open(run / "curves.png") as curves:
        assert curves.width > 1000


def test_tensorboard_holds_the_history(run: Path) -> None:
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    tags = events.Tags()["scalars"]
    assert {"train/loss", "val/loss", "val/mask_iou", "val/depth_rmse", "lr"} <= set(tags)
    history = Checkpoint.read(run / "last.pt").history
    logged = [event.value for event in events.Scalars("train/loss")]
    assert logged == pytest.approx([row["train/loss"] for row in history], rel=1e-5)


def test_the_learning_rate_is_one_cycle(run: Path) -> None:
    rates = [row["lr"] for row in Checkpoint.read(run / "last.pt").history]
    assert rates[-1] < 1e-7 < rates[1] < rates[0] <= 1e-3


def test_the_same_seed_gives_the_same_weights(run: Path, options: Options, tmp_path: Path) -> None:
    fit(FitConfig.model_validate({**options, "out": tmp_path / "again"}))
    assert same(weights(run), weights(tmp_path / "again"))
    fit(FitConfig.model_validate({**options, "out": tmp_path / "other", "seed": 1, "epochs": 1}))
    assert not same(weights(run), weights(tmp_path / "other"))


def test_a_killed_run_resumed_ends_with_the_same_weights(
    run: Path, options: Options, tmp_path: Path
) -> None:
    """SIGKILL after the first epoch, resumed: bit for bit as if nothing had happened."""
    folder = tmp_path / "killed"
    words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()
             if name not in ("quiet", "shards")]  # fmt: skip
    program = [str(Path(sys.executable).parent / "train"), "fit", *words, f"--out={folder}"]
    program += [f"--shards={shard}" for shard in options["shards"]]  # type: ignore[attr-defined]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not (folder / "last.pt").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert len(Checkpoint.read(folder / "last.pt").history) < 3
    fit(FitConfig(out=folder, resume=True))
    assert same(weights(run), weights(folder))
    assert same(weights(run, "best.pt"), weights(folder, "best.pt"))
    mine, its = (Checkpoint.read(path / "last.pt") for path in (run, folder))
    assert mine.history == its.history and mine.scheduler == its.scheduler


def interrupted(process: subprocess.Popen[str]) -> str:
    """What a process says after Ctrl-C; Python loses one that comes while it cleans up."""
    while True:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=30)[1]


@pytest.mark.parametrize("resume", [False, True])
def test_a_run_interrupted_in_its_first_epoch_goes_on(
    run: Path, options: Options, tmp_path: Path, resume: bool
) -> None:
    folder = tmp_path / "stopped"
    words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()
             if name not in ("quiet", "shards")]  # fmt: skip
    program = [str(Path(sys.executable).parent / "train"), "fit", *words, f"--out={folder}"]
    program += [f"--shards={shard}" for shard in options["shards"]]  # type: ignore[attr-defined]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True) as process:
        while not (folder / "tensorboard").exists():
            assert process.poll() is None
            time.sleep(0.01)
        assert "run the same command again" in interrupted(process)
        assert process.returncode == 130
    assert not (folder / "last.pt").exists()
    fit(FitConfig.model_validate({**options, "out": folder, "resume": resume}))
    assert same(weights(run), weights(folder))


def test_what_lies_ahead_is_said_after_the_first_steps(
    options: Options, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {**options, "epochs": 1, "limit": 60, "batch_size": None, "quiet": False}
    fit(FitConfig.model_validate({**given, "out": tmp_path / "run"}))
    said = capsys.readouterr().err
    assert "1 epochs of 15 steps of 4 samples: about " in said
    assert re.search(r"[\d.]+ samples a second; [\d.]+ GB of memory so far", said)
    assert yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["batch_size"] == 4


def test_resuming_needs_the_same_options(run: Path, options: Options, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"--epochs was 3, is 9\. Choose"):
        fit(FitConfig(out=run, resume=True, epochs=9))
    with pytest.raises(UsageError, match="nothing to resume"):
        fit(FitConfig.model_validate({**options, "out": tmp_path / "none", "resume": True}))


def test_a_run_is_not_replaced_unasked(run: Path, options: Options) -> None:
    before = (run / "last.pt").read_bytes()
    with pytest.raises(RecipeError, match=r"--lr was 0\.001, is 0\.01 \(--resume alone"):
        fit(FitConfig.model_validate({**options, "out": run, "lr": 0.01}))
    assert "3 epochs" in fit(FitConfig.model_validate({**options, "out": run}))
    assert (run / "last.pt").read_bytes() == before


def test_foreign_files_are_not_replaced(options: Options, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.yaml").write_text("# my notes\n")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match=r"config\.yaml wasn't written by `train fit`"):
            fit(FitConfig.model_validate({**options, "out": "mine", "overwrite": overwrite}))
    assert (tmp_path / "mine" / "config.yaml").read_text() == "# my notes\n"
    (tmp_path / "mine" / "config.yaml").rename(tmp_path / "mine" / "best.pt")
    with pytest.raises(RecipeError, match=r"holds best\.pt, which is no part of a run"):
        fit(FitConfig.model_validate({**options, "out": "mine", "overwrite": True}))
    assert (tmp_path / "mine" / "best.pt").read_text() == "# my notes\n"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_overwrite_destroys_nothing_for_a_run_that_cant_begin(run: Path, options: Options) -> None:
    before = (run / "last.pt").read_bytes()
    with pytest.raises(UsageError, match="torch finds no GPU"):
        fit(FitConfig.model_validate({**options, "out": run, "overwrite": True, "device": "cuda"}))
    assert (run / "last.pt").read_bytes() == before


def test_divergence_is_said(options: Options, tmp_path: Path) -> None:
    wild = {**options, "out": tmp_path / "wild", "lr": 1e30, "epochs": 1}
    with pytest.raises(TrainingError, match="lower --lr"):
        fit(FitConfig.model_validate(wild))


def test_another_dataset_is_not_gone_on_with(
    run: Path, make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    from depthgen.config import RunConfig
    from depthgen.run import run as label

    other = make_dataset(tmp_path / "other", seed=9, limit=20)
    label(RunConfig(data=other, quiet=True, device="cpu"))
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    with pytest.raises(UsageError, match="another dataset"):
        fit(FitConfig(out=copy, resume=True, shards=(str(other),)))


def test_what_cant_be_trained_on_is_a_sentence(
    dataset: Path, labelled: Path, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match="run `depthgen run` first"):
        fit(FitConfig(shards=(str(dataset),), out=tmp_path / "run"))
    assert not (tmp_path / "run").exists()
    assert len(Header.read(labelled / "dataset.json").backgrounds) == 5


def test_reading_processes_change_nothing(options: Options, tmp_path: Path) -> None:
    one = {**options, "epochs": 1}
    fit(FitConfig.model_validate({**one, "out": tmp_path / "none"}))
    fit(FitConfig.model_validate({**one, "out": tmp_path / "two", "workers": 2}))
    assert same(weights(tmp_path / "none"), weights(tmp_path / "two"))


def test_evaluate_compares_with_baselines(run: Path) -> None:
    import json

    text = evaluate(EvaluateConfig(run=run, quiet=True, device="cpu"))
    table = json.loads((run / "evaluation.json").read_text())
    assert set(table) == {"val", "val_bg", "val_fg"}
    for rows in table.values():
        assert set(rows) == {"model", "empty mask", "mean mask"}
        assert rows["empty mask"]["mask_iou"] == 0
        assert rows["empty mask"]["depth_rmse"] == rows["mean mask"]["depth_rmse"]
    assert "depth_rmse [metres]" in text and "val_fg" in text
    with pytest.raises(UsageError, match="There is no checkpoint"):
        evaluate(EvaluateConfig(run=run / "nothing"))


def test_predict_samples(run: Path, labelled: Path, tmp_path: Path) -> None:
    import numpy as np

    out = tmp_path / "predictions"
    config = PredictConfig(
        run=run, shards=(str(labelled),), limit=3, out=out, quiet=True, device="cpu"
    )
    predict(config)
    keys = {path.name.split(".")[0] for path in out.glob("*.mask.png")}
    assert len(keys) == 3
    val = {sample.record.key for sample in Dataset(labelled, split="val")}
    assert keys <= val
    for key in keys:
        with Image.open(out / f"{key}.mask.png") as mask:
            assert mask.mode == "1" and mask.size == (96, 96)
        with Image.open(out / f"{key}.depth.png") as depth:
            assert depth.mode.startswith("I;16") and depth.size == (96, 96)
            assert np.asarray(depth).max() <= 10_000
        assert (out / f"{key}.panel.png").exists()
    with Image.open(out / "panel.png") as panel:
        assert panel.width > 6 * 96
    with pytest.raises(UsageError, match="give --overwrite"):
        predict(config)
    predict(config.model_copy(update={"overwrite": True}))


def test_predict_pictures_of_any_size(run: Path, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "frames" / "a").mkdir(parents=True)
    with Image.open(pictures / "bgs" / "china.jpg") as scene:
        scene.resize((301, 200)).save(tmp_path / "frames" / "a" / "one.png")
        scene.save(tmp_path / "frames" / "two.jpg")
    empty = pictures / "bgs" / "china.jpg"
    (tmp_path / "frames" / "bad.png").write_text("no picture")
    (tmp_path / "frames" / "._two.jpg").write_text("hidden")
    shutil.copy(tmp_path / "frames" / "a" / "one.png", tmp_path / "frames" / "two.png")
    out = tmp_path / "out"
    config = PredictConfig(run=run, fg_bg=tmp_path / "frames", bg=empty, out=out, device="cpu")
    assert "3 predictions" in predict(config)
    with pytest.raises(UsageError, match="lies in --fg-bg"):
        predict(config.model_copy(update={"out": tmp_path / "frames" / "out"}))
    with Image.open(out / "a" / "one.mask.png") as mask:
        assert mask.size == (301, 200)
    with Image.open(out / "two.jpg.depth.png") as depth:
        assert depth.size == (640, 427)
    with pytest.raises(UsageError, match="needs one background"):
        predict(
            PredictConfig(run=run, fg_bg=tmp_path / "frames", bg=pictures / "bgs", out=out / "x")
        )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_trains_too(options: Options, tmp_path: Path) -> None:
    fit(FitConfig.model_validate({**options, "out": tmp_path / "gpu", "device": "cuda"}))
    history = Checkpoint.read(tmp_path / "gpu" / "last.pt").history
    assert history[-1]["train/loss"] < history[0]["train/loss"]
