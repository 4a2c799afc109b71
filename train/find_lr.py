"""``train find-lr``: losses over rising learning rates, and which of them to train with."""

import math

import numpy as np
import numpy.typing as npt

from data_manifest.commands.progress import progress
from data_manifest.dataset import Dataset
from data_manifest.errors import UsageError
from data_manifest.files.publish import may_write
from train.config.find_lr import FindLrConfig
from train.config.fit import FitConfig
from train.data.draws import Draws
from train.data.order import Rows, in_batches, shuffled
from train.running.device import default_batch_size, seed_step
from train.running.reporting.curves import draw_range
from train.running.trainable import check_trainable
from train.running.trainer import Trainer, build_trainer, train_step

SMOOTHING = 0.9
GIVES_UP_AT = 4.0  # times the best smoothed loss
LEAST_STEPS = 10
Floats = npt.NDArray[np.float64]


def find_lr(config: FindLrConfig) -> str:
    """Train a little with rates that rise from step to step (Smith 2017); gives a suggestion.

    Writes the curve as PNG; the network is thrown away. Raises UsageError where the picture is
    there already, or the loss leaves all bounds at once.
    """
    may_write(config.out, overwrite=config.overwrite)
    options = config.as_fit(default_batch_size(config.device))
    dataset = Dataset(options.shards)
    check_trainable(options, dataset)
    rates, losses = _rising(build_trainer(options, dataset, None), options, config)
    if len(rates) < LEAST_STEPS:
        raise UsageError(
            f"The loss left all bounds after {len(rates)} steps; begin lower than "
            f"--least {config.least:g}."
        )
    smooth = smoothed(losses)
    suggestion = steepest(rates, smooth)
    draw_range(rates, losses, smooth, suggestion, config.out)
    return (
        f"{config.out}: {len(rates)} steps from {rates[0]:g} to {rates[-1]:g}; the loss falls "
        f"fastest at {suggestion:.2g}\nnext: train fit --lr {suggestion:.2g}"
    )


def _rising(trainer: Trainer, options: FitConfig, config: FindLrConfig) -> tuple[Floats, Floats]:
    """Rates and losses of the steps that were made; ends early where the loss explodes."""
    size = options.sizes(trainer.network.size)[0][0]
    rows, epoch = np.arange(len(trainer.samples)), 0
    batches: list[Rows] = []
    while len(batches) < config.steps:
        batches += in_batches(shuffled(rows, options.seed, epoch), options.samples_per_step)
        epoch += 1
    batches = batches[: config.steps]
    rates = np.geomspace(config.least, config.most, config.steps)
    losses: list[float] = []
    trainer.model.train()
    loader = trainer.train_loader.batches(Draws(batches, 0, options.seed, size))
    with progress("Trying rates", config.steps, "steps", quiet=config.quiet) as advance:
        for step, (batch, rate) in enumerate(zip(loader, rates, strict=True)):
            seed_step(options.seed, 0, step, 0)
            trainer.schedule.hold(float(rate))
            losses.append(float(train_step(trainer, batch, len(batch.mask), options)["loss"]))
            advance(1)
            smooth = smoothed(np.array(losses))
            if not math.isfinite(losses[-1]) or smooth[-1] > GIVES_UP_AT * smooth.min():
                losses = losses[:-1] if not math.isfinite(losses[-1]) else losses
                break
    return rates[: len(losses)], np.array(losses)


def smoothed(losses: Floats) -> Floats:
    """An exponential mean of the losses so far, freed of its bias towards 0, of the same shape."""
    found, mean = np.empty(len(losses)), 0.0
    for step, loss in enumerate(losses):
        mean = SMOOTHING * mean + (1 - SMOOTHING) * float(loss)
        found[step] = mean / (1 - SMOOTHING ** (step + 1))
    return found


def steepest(rates: Floats, smooth: Floats) -> float:
    """The rate at which the loss falls fastest, over the logarithm of the rate."""
    best = int(np.argmin(smooth))
    slope = np.gradient(smooth[: max(best + 1, 3)], np.log(rates[: max(best + 1, 3)]))
    return float(rates[int(np.argmin(slope))])
