"""The trainer's own cost: its loader beside decoding, and its loop beside the bare step.

Usage: python benchmarks/training.py [FOLDER with bgs/ and fgs/]
"""

import os
import sys
import tempfile
from collections.abc import Callable
from itertools import chain, count
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from measure import finish, interleaved, print_table, proportional_mb, seconds
from pictures import picture_folder

from data_manifest.dataset import Dataset
from data_manifest.record import Size
from datagen.config import OverlayConfig
from datagen.overlay import overlay
from depthgen.config import RunConfig
from depthgen.run import run
from train.config.fit import FitConfig
from train.data.batch import ReadBatch
from train.data.draws import Draws, as_stored
from train.data.loader import Loader
from train.data.order import in_batches, shuffled
from train.data.samples import Samples
from train.running.trainer import Trainer, build_trainer, train_step

SAMPLES, WORKERS, ROUNDS = 1200, 2, 5
RECORDS, EPOCHS, SMALL = 400_000, 3, 32
ON_GPU = torch.cuda.is_available()
STEPS = 60 if ON_GPU else 12
SUBJECTS = (
    (("twin", 224, 32), ("mdeas", 224, 32), ("mdeas", 96, 128), ("res_unet", 96, 128))
    if ON_GPU
    else (("twin", 224, 4), ("mdeas", 96, 16), ("mdeas", 224, 4))
)


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        pictures = picture_folder(work)
        # Before the others, whose freed memory stays with the process.
        print_table(*memory_table(draw(pictures, work / "small", SMALL)))
        print()
        data = draw(pictures, work / "data", 224)
        print_table(*loader_table(data))
        print()
        print_table(*step_table(data))


def draw(pictures: Path, out: Path, side: int) -> Path:
    """A dataset with depth."""
    options = {"bg": pictures / "bgs", "fg": pictures / "fgs", "out": out, "size": side}
    overlay(OverlayConfig.model_validate({**options, "limit": SAMPLES, "quiet": True}))
    run(RunConfig(data=out, quiet=True))
    return out


def loader_table(data: Path) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Two reading processes that give batches, beside two that only decode the same samples."""
    dataset = Dataset(data)
    rows: list[tuple[str, ...]] = []
    with get_context("forkserver").Pool(WORKERS) as pool:
        halves = [(str(data), part.tolist()) for part in in_batches(np.arange(len(dataset)), 32)]

        def decode() -> None:
            pool.starmap(decode_all, halves, chunksize=1)

        for augment in ("none", "plain", "full"):
            loader = Loader(Samples(dataset, augment=augment), WORKERS)
            draws = as_stored(np.arange(len(dataset)), 32, dataset.header.size)

            def give(loader: Loader = loader, draws: Draws = draws) -> None:
                for _ in loader.batches(draws):
                    pass

            give(), decode()
            times = interleaved({"loader": give, "decoding": decode}, ROUNDS)
            speed = {name: len(dataset) / part for name, part in times.items()}
            rows.append(
                (
                    augment,
                    f"{speed['loader']:,.0f}",
                    f"{speed['decoding']:,.0f}",
                    f"{speed['loader'] / speed['decoding']:.2f}",
                )
            )
    return ("--augment", "2 workers, samples/s", "decoding alone in 2 processes", "ratio"), rows


def decode_all(data: str, rows: list[int]) -> None:
    """Read samples and throw them away."""
    dataset = _opened.setdefault(data, Dataset(data))
    for row in rows:
        dataset[row]


_opened: dict[str, Dataset] = {}


def step_table(data: Path) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Training from the dataset, beside the same steps on one batch that is held in memory."""
    rows = []
    for model, side, batch_size in SUBJECTS:
        options = FitConfig.model_validate(
            {"shards": (str(data),), "model": model, "size": side, "batch_size": batch_size}
        )
        trainer = build_trainer(options, Dataset(data), None)
        trainer.model.train()
        epochs = (shuffled(np.arange(len(trainer.samples)), 0, epoch) for epoch in count())
        order = np.fromiter(chain.from_iterable(epochs), np.int64, STEPS * batch_size)
        draws = Draws(in_batches(order, batch_size), 0, 0, Size(side, side))
        held = next(iter(trainer.train_loader.batches(draws)))
        functions = {"loop": looping(trainer, draws, options), "bare": bare(trainer, held)}
        for function in functions.values():
            function()
        times = interleaved(functions, ROUNDS)
        speed = {name: STEPS * batch_size / part for name, part in times.items()}
        ratio = f"{speed['loop'] / speed['bare']:.2f}"
        rows.append((model, str(side), f"{speed['loop']:.1f}", f"{speed['bare']:.1f}", ratio))
    return ("student", "side", "train fit, samples/s", "bare step on a held batch", "ratio"), rows


def looping(trainer: Trainer, draws: Draws, options: FitConfig) -> Callable[[], None]:
    """The steps that ``train fit`` makes, with everything that it does in them."""

    def steps() -> None:
        for batch in trainer.train_loader.batches(draws):
            trainer.schedule.hold(1e-5)
            train_step(trainer, batch, len(batch.mask), options)
        finish()

    return steps


def bare(trainer: Trainer, held: ReadBatch) -> Callable[[], None]:
    """Forward, loss, backward and the optimiser's step; nothing is read, varied or averaged."""
    true = held.as_float()

    def steps() -> None:
        for _ in range(STEPS):
            trainer.schedule.hold(1e-5)
            trainer.optimizer.zero_grad()
            with trainer.accelerator.autocast():
                losses = trainer.losses(*trainer.model(true.bg, true.fg_bg), true)
            trainer.accelerator.backward(losses["loss"])
            trainer.optimizer.step()
        finish()

    return steps


def memory_table(data: Path) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """What this process and its two readers hold after each epoch of 400,000 records."""
    dataset = Dataset(data)
    repeated = np.resize(np.arange(len(dataset)), RECORDS)
    loader = Loader(Samples(dataset), WORKERS)
    rows = []
    for epoch in range(EPOCHS):
        batches = in_batches(shuffled(repeated, 0, epoch), 128)
        draws = Draws(batches, epoch, 0, Size(SMALL, SMALL))
        taken = seconds(lambda draws=draws: all(len(b) for b in loader.batches(draws)))  # type: ignore[misc]
        held = [proportional_mb(reader) for reader in loader.readers]
        mine = proportional_mb(os.getpid())
        rows.append((str(epoch + 1), f"{mine:.0f}", f"{max(held):.0f}", f"{RECORDS / taken:,.0f}"))
    return ("epoch", "trainer, MB", "a reader, MB", "samples/s"), rows


if __name__ == "__main__":
    torch.manual_seed(0)
    sys.exit(main())
