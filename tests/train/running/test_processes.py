"""Several processes train as one does: gloo on the CPU, started by torchrun."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.train.running.runs import curve
from train.models.layout import Layout
from train.models.pretrained import LITE0
from train.models.timm_encoder import TimmStudent
from train.running.checkpoint import Checkpoint
from train.running.trainer import synchronised

Options = dict[str, object]
PROGRAM = """
import json, os, sys, torch
torch.set_num_threads(1)
from train.config.fit import FitConfig
from train.data.samples import Samples
from train.fit import fit

options, seen = json.loads(sys.argv[1]), open(sys.argv[2] + os.environ.get("RANK", "0"), "w")
given = Samples.read


def noted(self, draw, room):
    given(self, draw, room)
    if self._augment != "none":
        for row, fg_bg, bg in zip(draw.rows.tolist(), room.fg_bg, room.bg):
            mark = int(fg_bg.sum()) * 1000 + int(bg.sum()) % 1000
            seen.write(f"{draw.epoch} {row} {mark}\\n")

Samples.read = noted
fit(FitConfig.model_validate(options))
"""


def run(options: Options, processes: int, notes: Path, text: str = PROGRAM) -> Path:
    """Train in so many processes; gives the run's folder."""
    program = notes.parent / "program.py"
    program.write_text(text)
    words = [sys.executable, str(program)]
    if processes > 1:
        words = [
            sys.executable, "-m", "torch.distributed.run", "--standalone",
            f"--nproc-per-node={processes}", str(program),
        ]  # fmt: skip
    done = subprocess.run(
        [*words, json.dumps(options), str(notes)], env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return Path(str(options["out"]))


def shown(notes: Path) -> set[tuple[int, int, int]]:
    """Epoch, sample and what it looked like, of all processes."""
    files = notes.parent.glob(f"{notes.name}?")
    lines = [line.split() for path in files for line in path.read_text().splitlines()]
    found = [(int(epoch), int(row), int(mark)) for epoch, row, mark in lines]
    assert len(found) == len(set(found))
    return set(found)


@pytest.fixture(scope="module")
def options(labelled: Path) -> Options:
    """A student without batch statistics: theirs would be of each process's own share.

    And SGD: Adam makes a step of full length of a gradient that is nothing but rounding.
    """
    return {
        "shards": [str(labelled)], "model": "twin", "size": 32, "batch_size": 6, "epochs": 2,
        "limit": 22, "augment": "full", "ema": 0.9, "optimizer": "sgd", "lr": 0.001,
        "device": "cpu", "quiet": True,
    }  # fmt: skip


@pytest.fixture(scope="module")
def alone(options: Options, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alone")
    return run({**options, "out": str(folder / "run")}, 1, folder / "seen")


def test_two_processes_show_each_sample_once_and_learn_the_same(
    options: Options, alone: Path, tmp_path: Path
) -> None:
    both = run({**options, "out": str(tmp_path / "run")}, 2, tmp_path / "seen")
    assert shown(tmp_path / "seen") == shown(alone.parent / "seen")
    assert len(shown(tmp_path / "seen")) == 2 * 22
    assert len(curve(alone)) == 20
    assert curve(both) == pytest.approx(curve(alone), abs=1e-5)


def test_a_run_goes_on_with_other_processes(options: Options, alone: Path, tmp_path: Path) -> None:
    """The first epoch by two, the second by one: the same samples with the same variations."""
    halfway = {**options, "out": str(tmp_path / "run")}
    leaving = PROGRAM.replace(
        "fit(FitConfig",
        "import train.fit\n"
        "real = train.fit.train_leg\n"
        "def leave(trainer, leg, *rest):\n"
        "    return sys.exit(0) if leg.epoch else real(trainer, leg, *rest)\n"
        "train.fit.train_leg = leave\n"
        "fit(FitConfig",
    )
    folder = run(halfway, 2, tmp_path / "seen", leaving)
    assert Checkpoint.read(folder / "last.pt").epoch == 1
    seen = shown(tmp_path / "seen")
    run(halfway, 1, tmp_path / "later")
    assert seen | shown(tmp_path / "later") == shown(alone.parent / "seen")
    assert curve(folder) == pytest.approx(curve(alone), abs=1e-5)


def test_norms_of_all_processes_leave_answers_as_they_are() -> None:
    """timm's hold an activation, without which lite0 answers something else."""
    model = TimmStudent(LITE0, Layout()).eval()
    pair = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        expected = model(*pair)
        converted = synchronised(model)
        assert any(isinstance(part, torch.nn.SyncBatchNorm) for part in converted.modules())
        for ours, its in zip(converted(*pair), expected, strict=True):
            assert torch.equal(ours, its)
