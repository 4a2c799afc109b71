"""A run that is killed anywhere, any number of times, ends as if nothing had happened."""

import os
import random
import signal
from itertools import pairwise
from pathlib import Path

import pytest

from tests.train.running.runs import finish, position, same_weights, start, wait_for
from train.running.checkpoint import Checkpoint

KILLS = 10
Options = dict[str, object]


@pytest.fixture(scope="module")
def options(labelled: Path) -> Options:
    """Fifteen steps: growing pictures, everything varied, averaged weights."""
    return {
        "shards": (str(labelled),), "model": "mdeas", "size": "32:1,48:2", "batch_size": 4,
        "limit": 20, "augment": "full", "ema": 0.9, "save_every": 0.0, "device": "cpu",
        "quiet": True,
    }  # fmt: skip


@pytest.fixture(scope="module")
def whole(options: Options, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finish({**options, "out": tmp_path_factory.mktemp("runs") / "whole"})


def test_killed_at_random_steps(options: Options, whole: Path, tmp_path: Path) -> None:
    """SIGKILL at ten random steps, with other numbers of reading processes each time."""
    folder, rng, killed = tmp_path / "killed", random.Random(5), []
    stops = sorted(rng.sample([(e, c) for e in range(3) for c in (0, 4, 8, 12, 16)][1:], KILLS))
    for number, stop in enumerate(stops):
        process = start({**options, "out": folder, "workers": number % 3})
        if wait_for(lambda stop=stop: position(folder) >= stop, process):  # type: ignore[misc]
            process.kill()
        process.join()
        killed.append(position(folder))
    assert any(one[0] == other[0] for one, other in pairwise(killed))
    finish({**options, "out": folder, "workers": 1})
    assert same_weights(whole, folder)
    assert same_weights(whole, folder, "best.pt")
    mine, its = (Checkpoint.read(run / "last.pt") for run in (whole, folder))
    assert mine.history == its.history
    assert (folder / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_saves_first(
    options: Options, whole: Path, tmp_path: Path, asked: signal.Signals
) -> None:
    folder = tmp_path / "stopped"
    process = start({**options, "out": folder, "save_every": 3600.0})
    wait_for(lambda: (folder / "tensorboard").exists(), process)
    assert process.pid is not None
    os.kill(process.pid, asked)
    process.join()
    assert process.exitcode != 0
    epoch, consumed = position(folder)
    assert epoch == 0 and 0 < consumed <= 20
    finish({**options, "out": folder})
    assert same_weights(whole, folder)


def test_what_is_random_in_a_network_goes_on_too(options: Options, tmp_path: Path) -> None:
    """Gilf641's network drops out at random; plateau and accumulation have states as well."""
    other: Options = {
        **options, "model": "dual_unet", "size": 32, "epochs": 2, "schedule": "plateau",
        "every": 1, "accumulate": 2, "ema": 0.0, "task_weights": "learned",
    }  # fmt: skip
    whole = finish({**other, "out": tmp_path / "whole"})
    process = start({**other, "out": tmp_path / "killed"})
    assert wait_for(lambda: position(tmp_path / "killed") >= (0, 8), process)
    process.kill()
    process.join()
    assert same_weights(whole, finish({**other, "out": tmp_path / "killed"}))


def test_reading_processes_change_nothing(options: Options, whole: Path, tmp_path: Path) -> None:
    assert same_weights(whole, finish({**options, "out": tmp_path / "run", "workers": 2}))
