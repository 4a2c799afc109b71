"""What lies ahead of a run, told after its first steps: time and memory."""

import resource
import sys
import time

import torch

from data_manifest.commands.remark import remark
from train.config import FitConfig

STEPS = 4  # that are timed, after one that warms up
VALIDATION_SHARE = 1 / 3  # of a training step's time that a step of validation takes


class Outlook:
    """Times the first steps of the first epoch that a run trains, then says one sentence."""

    def __init__(self, options: FitConfig, steps: int, validation_steps: int, epochs: int) -> None:
        self._batch, self._quiet = options.samples_per_step, options.quiet
        self._steps, self._epochs = steps, epochs
        self._weight = steps + validation_steps * VALIDATION_SHARE
        self._done, self._start = 0, 0.0

    def step(self) -> None:
        """Call after every step."""
        self._done += 1
        if self._done == 1:
            self._start = time.monotonic()
        elif self._done == 1 + STEPS:
            remark(self._sentence((time.monotonic() - self._start) / STEPS), quiet=self._quiet)

    def _sentence(self, step_seconds: float) -> str:
        whole = duration(step_seconds * self._weight * self._epochs)
        rate = self._batch / step_seconds
        return (
            f"{self._epochs} epochs of {self._steps:,} steps of {self._batch} samples: about "
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
