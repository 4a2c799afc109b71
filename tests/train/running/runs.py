"""Runs of ``train fit`` in processes of their own, that can be killed."""

import multiprocessing
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from train.config.fit import FitConfig
from train.running.checkpoint import Checkpoint

# Children are forked from a server that has imported everything, so that they begin at once.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    [
        "train.fit",
        "train.models.earlier.mdeas",
        "torch._dynamo",
        "torch.utils.tensorboard",
        "matplotlib.figure",
    ]
)
PATIENCE = 120.0  # seconds
LOSSES = ("loss", "bce", "dice", "l1", "grad")


def _fit(options: Mapping[str, object]) -> None:
    from train.fit import fit

    torch.set_num_threads(1)
    fit(FitConfig.model_validate(options))


def start(options: Mapping[str, object]) -> multiprocessing.process.BaseProcess:
    """Begin a run, or go on with it."""
    process = _context.Process(target=_fit, args=(dict(options),))
    process.start()
    return process


def finish(options: Mapping[str, object]) -> Path:
    """Run to the end; gives the run's folder."""
    process = start(options)
    process.join(PATIENCE)
    assert process.exitcode == 0
    return Path(str(options["out"]))


def position(folder: Path) -> tuple[int, int]:
    """How many epochs, and samples of the next, the last checkpoint is of; (0, 0) without one."""
    if not (folder / "last.pt").exists():
        return 0, 0
    last = Checkpoint.read(folder / "last.pt")
    return last.epoch, last.consumed


def wait_for(condition: Callable[[], bool], process: multiprocessing.process.BaseProcess) -> bool:
    """Wait until it holds, or the process ends by itself; gives whether it holds."""
    until = time.monotonic() + PATIENCE
    while not condition():
        if not process.is_alive():
            return condition()
        assert time.monotonic() < until
        time.sleep(0.002)
    return True


def curve(folder: Path) -> list[float]:
    """The losses of every epoch, in training and of what is held out, with their parts."""
    rows = Checkpoint.read(folder / "last.pt").history
    return [row[name] for row in rows for name in sorted(row) if name.split("/")[-1] in LOSSES]


def same_weights(one: Path, other: Path, name: str = "last.pt") -> bool:
    """Whether two runs' checkpoints hold the same weights and averages, bit for bit."""
    mine, its = (Checkpoint.read(run / name) for run in (one, other))
    pairs = [(mine.weights, its.weights)]
    if mine.averaged is not None and its.averaged is not None:
        pairs.append((mine.averaged, its.averaged))
    return (mine.averaged is None) == (its.averaged is None) and all(
        a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a) for a, b in pairs
    )
