"""The loop: epochs of steps, from wherever the run was left."""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from data_manifest.commands.progress import progress
from train.config.fit import FitConfig
from train.data.draws import Draws, as_stored
from train.data.order import Leg, in_batches, not_yet_shown, share_of, shuffled
from train.metrics.meter import Meter
from train.running.checkpoint import Numbers
from train.running.device import seed_step
from train.running.finite import LossWatch
from train.running.reporting.outlook import Outlook
from train.running.stop import StopRequest
from train.running.sums import Sums, means
from train.running.trainer import Trainer, train_step

AGREED_EVERY = 10  # steps, after which several processes agree whether to save or to stop


class Position(NamedTuple):
    """Where a run is: whole epochs, samples of the next one, and what their losses add up to."""

    epoch: int
    consumed: int
    sums: Numbers


class Witness(NamedTuple):
    """Who looks on between steps: asks to stop, foretells, is told numbers, and saves."""

    stop: StopRequest
    outlook: Outlook
    tell: Callable[[Numbers], None]
    save: Callable[[Trainer, Position], None]


def train_leg(
    trainer: Trainer, leg: Leg, begun: Position, options: FitConfig, witness: Witness
) -> Numbers:
    """The steps of one epoch that are missing; gives the epoch's mean losses.

    Saves at least every ``--save-every`` seconds, and at the end. Raises TrainingError where a loss
    isn't finite, KeyboardInterrupt after a save where the process was asked to stop.
    """
    accelerator = trainer.accelerator
    rank, ranks, main = (
        accelerator.process_index, accelerator.num_processes, accelerator.is_main_process,
    )  # fmt: skip
    batches = in_batches(shuffled(leg.rows, options.seed, leg.epoch), options.samples_per_step)
    missing = not_yet_shown(batches, begun.consumed)
    mine = [share_of(batch, rank, ranks) for batch in missing]
    draws = Draws(mine, leg.epoch, options.seed, leg.size)
    sums, losses_watch = Sums(begun.sums if main else None), LossWatch(trainer.samples, options.lr)
    step, consumed, saved = len(batches) - len(missing), begun.consumed, time.monotonic()
    trainer.model.train()
    epochs, samples = options.epochs * options.chain, sum(map(len, missing))
    what = f"Epoch {leg.epoch + 1} of {epochs}"
    with progress(what, samples, "samples", quiet=options.quiet or not main) as advance:
        for batch, whole in zip(trainer.train_loader.batches(draws), missing, strict=True):
            seed_step(options.seed, leg.epoch, step, rank)
            lr = trainer.schedule.lr
            losses = train_step(trainer, batch, len(whole), options)
            losses_watch.see(losses["loss"], whole)
            sums.add(losses, len(batch.mask))
            step, consumed = step + 1, consumed + len(whole)
            advance(len(whole))
            witness.outlook.step()
            witness.tell({"step/loss": losses_watch.last, "step/lr": lr})
            due = time.monotonic() - saved >= options.save_every
            stop, due = _agreed(trainer, step, stop=witness.stop.made, due=due)
            if (stop or due) and consumed < len(leg.rows):
                losses_watch.check()
                witness.save(trainer, Position(leg.epoch, consumed, sums.whole(accelerator)))
                saved = time.monotonic()
                if stop:
                    raise KeyboardInterrupt
    losses_watch.check()
    whole_sums = sums.whole(accelerator)
    witness.save(trainer, Position(leg.epoch, consumed, whole_sums))
    return means(whole_sums, "train")


def _agreed(trainer: Trainer, step: int, *, stop: bool, due: bool) -> tuple[bool, bool]:
    """Whether any process was asked to stop, and whether any finds a save due."""
    accelerator = trainer.accelerator
    if accelerator.num_processes == 1:
        return stop, due
    if step % AGREED_EVERY:
        return False, False
    said = torch.tensor([float(stop), float(due)], device=accelerator.device)
    votes = accelerator.reduce(said, "sum").tolist()
    return votes[0] > 0, votes[1] > 0


@torch.inference_mode()
def validate(trainer: Trainer, options: FitConfig, stop: StopRequest) -> Numbers:
    """Loss and metrics of the deciding split, under the tags ``val/...``; each sample once.

    Raises KeyboardInterrupt where the process was asked to stop; all before it is saved.
    """
    if trainer.val_loader is None or trainer.unseen is None:
        return {}
    accelerator, model = trainer.accelerator, trainer.used_model
    rows = np.arange(len(trainer.unseen))
    rows = share_of(rows, accelerator.process_index, accelerator.num_processes)
    draws = as_stored(rows, options.samples_per_step, trainer.network.size)
    sums, meter = Sums(), Meter(trainer.network.encoding)
    model.eval()
    for batch in trainer.val_loader.batches(draws):
        true = batch.as_float()
        with accelerator.autocast():
            mask_logits, depth = model(true.bg, true.fg_bg)
        sums.add(trainer.losses(mask_logits, depth, true), len(true.mask))
        meter.add(mask_logits > 0, depth.float(), true)
        if stop.made and accelerator.num_processes == 1:
            raise KeyboardInterrupt
    if accelerator.num_processes > 1:
        meter.set_sums(accelerator.reduce(meter.sums.to(accelerator.device), "sum"))
    numbers = {f"val/{name}": value for name, value in meter.result().items()}
    return means(sums.whole(accelerator), "val") | numbers
