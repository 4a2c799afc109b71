"""``train fit``: a flat loop over epochs, that can be left and taken up at any step."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from accelerate.utils import broadcast_object_list

from data_manifest.dataset import Dataset
from data_manifest.errors import UsageError
from data_manifest.files.lock import locked
from data_manifest.files.publish import make_folder
from train.config.fit import FitConfig
from train.running.checkpoint import BEST, LAST, Checkpoint, Numbers
from train.running.device import default_batch_size
from train.running.itinerary import Itinerary
from train.running.loop import Position, Witness, train_leg, validate
from train.running.reporting.journal import Journal
from train.running.reporting.memory import check_memory
from train.running.reporting.outlook import Outlook
from train.running.run_folder import checkpoint_file, claim_run, settle
from train.running.saving import captured, for_use, load_weights, restored
from train.running.stop import listening
from train.running.trainable import check_trainable
from train.running.trainer import Trainer, build_trainer

DECIDING_SPLITS = ("val", "val_fg", "val_bg")  # the first that has samples decides what is best


def fit(config: FitConfig) -> str:
    """Train a student, or what is missing of it; gives a summary.

    Leaves config.yaml, last.pt, best.pt (lowest validation loss), curves.png, metrics.jsonl and
    TensorBoard logs in the run's folder. Raises RecipeError where the folder holds another run,
    DatasetError where the shards aren't whole, have no depth or nothing to train on.
    """
    options = settle(config, default_batch_size(config.device))
    dataset = Dataset(options.shards)
    check_trainable(options, dataset)
    deciding = next((split for split in DECIDING_SPLITS if len(dataset.select(split))), None)
    start = time.monotonic()
    trainer = build_trainer(options, dataset, deciding)
    check_memory(options, dataset.header.size, trainer.accelerator.device)
    with _owned(options, trainer):
        begun = _begun(config, options, trainer)
        history = _train(options, dataset, trainer, begun)
    trainer.accelerator.wait_for_everyone()
    trainer.accelerator.end_training()  # or threads of several processes may abort at exit
    return _summary(options, trainer, history, deciding, time.monotonic() - start)


@contextmanager
def _owned(options: FitConfig, trainer: Trainer) -> Iterator[None]:
    """The run's folder, held by the main process alone."""
    if not trainer.accelerator.is_main_process:
        yield
        return
    make_folder(options.folder)
    with locked(options.folder):
        yield


def _begun(config: FitConfig, options: FitConfig, trainer: Trainer) -> Checkpoint | None:
    """Where the run was left, or None where it begins; every process of it is told."""
    told = [False]
    if trainer.accelerator.is_main_process:
        told = [claim_run(config, options) and (options.folder / LAST).exists()]
    (goes_on,) = broadcast_object_list(told)
    return Checkpoint.read(options.folder / LAST) if goes_on else None


def _train(
    options: FitConfig, dataset: Dataset, trainer: Trainer, begun: Checkpoint | None
) -> list[Numbers]:
    """Train what is missing; gives all epochs' numbers."""
    itinerary = Itinerary.of(options, dataset.header.size, len(trainer.samples))
    history, position = [], Position(0, 0, {})
    if begun is not None:
        _check_same(options, dataset, begun)
        trainer = restored(trainer, begun, itinerary, options)
        history, position = begun.history, Position(begun.epoch, begun.consumed, begun.sums)
    elif options.init is not None:
        load_weights(trainer, Checkpoint.read(checkpoint_file(options.init)))
    legs = itinerary.legs[position.epoch :]
    if not legs:
        return history
    with listening() as stop, _journal(options, itinerary, trainer, position) as journal:

        def save(trainer: Trainer, position: Position) -> None:
            if journal is not None:
                at = (position.epoch, position.consumed)
                made = captured(trainer, at, dataset.header.fingerprint, position.sums, history)
                if position.consumed == 0 and _score(history[-1]) == min(map(_score, history)):
                    for_use(made).write(options.folder / BEST)
                made.write(options.folder / LAST)

        outlook = Outlook(options, itinerary, position.epoch, trainer)
        witness = Witness(stop, outlook, journal.step if journal else lambda _: None, save)
        for leg in legs:
            if itinerary.restarts_at(leg.epoch, options) and position.consumed == 0:
                pace = itinerary.pace(leg.epoch, options)
                trainer = trainer._replace(schedule=trainer.schedule.anew(pace))
            numbers = train_leg(trainer, leg, position, options, witness)
            numbers |= validate(trainer, options, stop)
            trainer.schedule.after_epoch(_score(numbers))
            history.append(numbers | {"lr": trainer.schedule.lr, "size": leg.size.shorter})
            position = Position(leg.epoch + 1, 0, {})
            save(trainer, position)
            if journal is not None:
                journal.epoch(trainer, history)
                if not options.quiet:
                    click.echo(_line(leg.epoch, len(itinerary.legs), history[-1]))
    return history


@contextmanager
def _journal(
    options: FitConfig, itinerary: Itinerary, trainer: Trainer, position: Position
) -> Iterator[Journal | None]:
    """The journal, where this is the process that writes it."""
    if not trainer.accelerator.is_main_process:
        yield None
        return
    journal = Journal(options.folder, itinerary.steps_before(position.epoch, position.consumed))
    try:
        yield journal
    finally:
        journal.close()


def _check_same(options: FitConfig, dataset: Dataset, begun: Checkpoint) -> None:
    if begun.fingerprint != dataset.header.fingerprint:
        raise UsageError(
            f"{options.folder} was trained on another dataset than {dataset.folder}; "
            "give --shards with the one that it began with, or begin another run."
        )


def _score(numbers: Numbers) -> float:
    return numbers.get("val/loss", numbers["train/loss"])


def _line(epoch: int, epochs: int, numbers: Numbers) -> str:
    line = f"epoch {epoch + 1} of {epochs}: loss {numbers['train/loss']:.4f}"
    if "val/loss" in numbers:
        line += (
            f", val loss {numbers['val/loss']:.4f}, mask IoU {numbers['val/mask_iou']:.4f}, "
            f"depth RMSE {numbers['val/depth_rmse']:.4f}"
        )
    return line


def _summary(
    options: FitConfig, trainer: Trainer, history: list[Numbers], deciding: str | None,
    seconds: float,
) -> str:  # fmt: skip
    best = min(range(len(history)), key=lambda epoch: _score(history[epoch])) + 1
    by = (
        f"the lowest loss on {deciding}"
        if deciding
        else "the lowest training loss: no split is held out"
    )
    usable = "evaluate" if deciding else "predict --fg-bg PHOTO --bg EMPTY"
    return (
        f"{options.folder}: {options.model}, {trainer.network.origin}\n"
        f"{len(history)} epochs, {seconds:.0f} s; epoch {best} has {by}\n"
        f"next: train {usable} --run {options.folder}"
    )
