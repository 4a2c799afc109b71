"""``train fit``: a flat loop over epochs; every epoch ends in a checkpoint."""

import math
import time

import click
from torch.utils.tensorboard import SummaryWriter

from data_manifest.commands.options import shown
from data_manifest.dataset import Dataset
from data_manifest.errors import DatasetError, TrainingError, UsageError
from data_manifest.files.lock import locked
from data_manifest.files.publish import make_folder
from train.checkpoint import BEST, LAST, Checkpoint
from train.config import MULTIPLE, FitConfig, fits_students, next_fitting
from train.device import default_batch_size
from train.log import draw_curves
from train.outlook import Outlook
from train.run_folder import claim_run, settle
from train.trainer import Numbers, Trainer, build_trainer, run_epoch, training_samples

DECIDING_SPLITS = ("val", "val_fg", "val_bg")  # the first that has samples decides what is best


def fit(config: FitConfig) -> str:
    """Train a student, or what is missing of it; gives a summary.

    Leaves config.yaml, last.pt, best.pt (lowest validation loss), curves.png and TensorBoard logs
    in the run's folder. Raises RecipeError where the folder holds another run, DatasetError where
    the shards aren't whole, have no depth or nothing to train on.
    """
    options = settle(config, default_batch_size(config.device))
    dataset = Dataset(options.shards)
    _check(options, dataset)
    start = time.monotonic()
    make_folder(options.folder)
    with locked(options.folder):
        goes_on = claim_run(config, options)
        history, deciding = _train(options, dataset, goes_on=goes_on)
    return _summary(options, history, deciding, time.monotonic() - start)


def _train(
    options: FitConfig, dataset: Dataset, *, goes_on: bool
) -> tuple[list[Numbers], str | None]:
    """Train the epochs that are missing; gives all epochs' numbers, and the split that decides."""
    deciding = next((split for split in DECIDING_SPLITS if len(dataset.select(split))), None)
    trainer = build_trainer(options, dataset, options.size or dataset.header.size, deciding)
    begun = goes_on and (options.folder / LAST).exists()
    history = _restore(trainer, options, dataset) if begun else []
    steps = len(trainer.train_loader), len(trainer.val_loader or ())
    outlook = Outlook(options, *steps, options.epochs - len(history))
    with SummaryWriter(str(options.folder / "tensorboard"), purge_step=len(history) + 1) as writer:
        for epoch in range(len(history), options.epochs):
            history.append(run_epoch(trainer, epoch, options, dataset.depth_encoding, outlook))
            _check_finite(history[-1], epoch, options)
            for name, value in history[-1].items():
                writer.add_scalar(name, value, epoch + 1)
            _save(trainer, history, options, dataset)
            draw_curves(history, options.folder / "curves.png")
            if not options.quiet:
                click.echo(_line(epoch, options.epochs, history[-1]))
    return history, deciding


def _check(options: FitConfig, dataset: Dataset) -> None:
    """Raises where the dataset can't be trained on, before anything is written."""
    _ = dataset.depth_encoding
    if not len(dataset.select("train")):
        raise DatasetError(f"{dataset.folder}: these shards hold no sample of the split train.")
    if not len(training_samples(options, dataset)):
        raise UsageError(f"No sample of the split train fulfils --where {options.where}.")
    size = dataset.header.size
    if options.size is None and not fits_students(size):
        raise UsageError(
            f"The dataset's pictures are {size} pixels, and students need multiples of {MULTIPLE}; "
            f"give --size, for instance {shown(next_fitting(size))}."
        )


def _check_finite(numbers: Numbers, epoch: int, options: FitConfig) -> None:
    wrong = [name for name, value in numbers.items() if not math.isfinite(value)]
    if wrong:
        raise TrainingError(
            f"Training diverged in epoch {epoch + 1}: {wrong[0]} is {numbers[wrong[0]]}; begin "
            f"again with a lower --lr than {options.lr:g}."
        )


def _score(numbers: Numbers) -> float:
    return numbers.get("val/loss", numbers["train/loss"])


def _save(trainer: Trainer, history: list[Numbers], options: FitConfig, dataset: Dataset) -> None:
    checkpoint = Checkpoint(
        epoch=len(history),
        model_name=options.model,
        size=options.size or dataset.header.size,
        encoding=dataset.depth_encoding,
        fingerprint=dataset.header.fingerprint,
        model=trainer.accelerator.unwrap_model(trainer.model).state_dict(),
        optimizer=trainer.optimizer.state_dict(),
        scheduler=trainer.scheduler.state_dict(),
        history=history,
    )
    if _score(history[-1]) == min(map(_score, history)):
        checkpoint.write(options.folder / BEST)
    checkpoint.write(options.folder / LAST)


def _restore(trainer: Trainer, options: FitConfig, dataset: Dataset) -> list[Numbers]:
    """Put the trainer where the run was; gives its history."""
    checkpoint = Checkpoint.read(options.folder / LAST)
    if checkpoint.fingerprint != dataset.header.fingerprint:
        raise UsageError(
            f"{options.folder} was trained on another dataset than {dataset.folder}; "
            "give --shards with the one that it began with, or begin another run."
        )
    trainer.accelerator.unwrap_model(trainer.model).load_state_dict(checkpoint.model)
    trainer.optimizer.load_state_dict(checkpoint.optimizer)
    trainer.scheduler.load_state_dict(checkpoint.scheduler)
    return checkpoint.history


def _line(epoch: int, epochs: int, numbers: Numbers) -> str:
    line = f"epoch {epoch + 1} of {epochs}: loss {numbers['train/loss']:.4f}"
    if "val/loss" in numbers:
        line += (
            f", val loss {numbers['val/loss']:.4f}, mask IoU {numbers['val/mask_iou']:.4f}, "
            f"depth RMSE {numbers['val/depth_rmse']:.4f}"
        )
    return line


def _summary(
    options: FitConfig, history: list[Numbers], deciding: str | None, seconds: float
) -> str:
    best = min(range(len(history)), key=lambda epoch: _score(history[epoch])) + 1
    by = (
        f"the lowest loss on {deciding}"
        if deciding
        else "the lowest training loss: no split is held out"
    )
    return (
        f"{options.folder}: {len(history)} epochs, {seconds:.0f} s; epoch {best} has {by}\n"
        f"next: train evaluate --run {options.folder}"
    )
