"""What lies ahead of a run, told after its first steps: time and memory."""

import resource
import sys
import time

import torch

from data_manifest.commands.remark import remark
from train.config.fit import FitConfig
from train.running.itinerary import Itinerary
from train.running.trainer import Trainer

STEPS = 4  # that are timed, after one that warms up
VALIDATION_SHARE = 1 / 3  # of a training step's time that a step of validation takes


class Outlook:
    """Times the first steps that a run trains, then says one sentence.

    Sizes that follow are taken to need time by their pixels.
    """

    def __init__(
        self, options: FitConfig, itinerary: Itinerary, epoch: int, trainer: Trainer
    ) -> None:
        main = trainer.accelerator.is_main_process
        self._batch, self._quiet = options.samples_per_step, options.quiet or not main
        legs = itinerary.legs[epoch:]
        self._epochs, self._steps = len(legs), sum(map(itinerary.steps, legs))
        first = legs[0].size
        unseen = len(trainer.unseen or ()) * VALIDATION_SHARE
        self._samples = sum(
            (len(leg.rows) + unseen)
            * (leg.size.width * leg.size.height)
            / (first.width * first.height)
            for leg in legs
        )
        self._done, self._start = 0, 0.0

    def step(self) -> None:
        """Call after every step."""
        self._done += 1
        if self._done == 1:
            self._start = time.monotonic()
        elif self._done == 1 + STEPS:
            remark(self._sentence((time.monotonic() - self._start) / STEPS), quiet=self._quiet)

    def _sentence(self, step_seconds: float) -> str:
        rate = self._batch / step_seconds
        whole = duration(self._samples / rate)
        return (
            f"{self._epochs} epochs, {self._steps:,} steps of {self._batch} samples: about "
            f"{whole}, {rate:,.1f} samples a second; {memory_gb():.1f} GB of memory so far. "
            "--batch-size, --size, --limit and --epochs change that."
        )


def duration(seconds: float) -> str:
    """Seconds in the units that people use."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def memory_gb() -> float:
    """The most memory that this process, or its GPU if it uses one, has held so far."""
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated() / 1e9
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
