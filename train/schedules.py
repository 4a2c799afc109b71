"""Learning rates over a run, by name; torch's own where it has them.

Every schedule is stepped once per optimiser step, but ``plateau``, which is told the deciding
split's loss once per epoch.
"""

import math
from typing import NamedTuple

from torch.optim import Optimizer
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)

from train.choices import ScheduleName

COLD = 1e-3
"""Share of the highest rate at which a warm-up begins."""
SHARE = "share"
"""Key of an optimiser's group: what its rates are multiplied by."""


class Pace(NamedTuple):
    """What a schedule is made of.

    ``lr`` is its highest rate and ``least_lr`` its lowest; ``steps`` and ``epoch_steps`` count the
    optimiser's steps of the whole and of one epoch; ``warmup`` is in epochs. ``every`` epochs,
    ``step`` multiplies by ``gamma``; so does ``plateau`` after ``every`` epochs without gain.
    ``cyclic`` goes up in ``every`` epochs and down in as many, ``cycles`` times.
    """

    name: ScheduleName
    lr: float
    steps: int
    epoch_steps: int
    least_lr: float = 1e-5
    warmup: float = 0.0
    every: int = 4
    gamma: float = 0.1
    cycles: int = 3


class Schedule:
    """One schedule at work on an optimiser's rates."""

    def __init__(self, optimizer: Optimizer, pace: Pace) -> None:
        for group in optimizer.param_groups:
            group["lr"] = pace.lr * group.get(SHARE, 1.0)
            group.pop("initial_lr", None)  # of a schedule before this one
        self._optimizer, self._by_loss = optimizer, pace.name == "plateau"
        self._torch: LRScheduler = _make(optimizer, pace)

    def anew(self, pace: Pace) -> "Schedule":
        """Another schedule from its beginning, on the same optimiser."""
        return Schedule(self._optimizer, pace)

    def hold(self, lr: float) -> None:
        """Make the next step with a rate of the caller's choice."""
        for group in self._optimizer.param_groups:
            group["lr"] = lr * group.get(SHARE, 1.0)

    @property
    def lr(self) -> float:
        """The rate of the next step, of the first group of parameters."""
        return float(self._optimizer.param_groups[0]["lr"])

    def after_step(self) -> None:
        """Call after every step of the optimiser."""
        if not self._by_loss:
            self._torch.step()

    def after_epoch(self, loss: float) -> None:
        """Call after every epoch with what is to become less."""
        if self._by_loss:
            self._torch.step(loss)  # type: ignore[arg-type]  # ReduceLROnPlateau's own

    def state_dict(self) -> dict[str, object]:
        """What :meth:`load_state_dict` needs to go on."""
        return self._torch.state_dict()

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Go on where another was."""
        self._torch.load_state_dict(state)


def _make(optimizer: Optimizer, pace: Pace) -> LRScheduler:
    match pace.name:
        case "one-cycle":
            highest = [float(group["lr"]) for group in optimizer.param_groups]
            return OneCycleLR(optimizer, highest, total_steps=pace.steps, cycle_momentum=False)
        case "step":
            return StepLR(optimizer, pace.every * pace.epoch_steps, pace.gamma)
        case "plateau":
            return ReduceLROnPlateau(
                optimizer, factor=pace.gamma, patience=pace.every, min_lr=pace.least_lr
            )
        case "cosine":
            return _cosine(optimizer, pace)
        case "cyclic":
            return LambdaLR(optimizer, lambda step: mdeas_cyclic(step, pace) / pace.lr)
        case "constant":
            return LambdaLR(optimizer, lambda _step: 1.0)


def _cosine(optimizer: Optimizer, pace: Pace) -> LRScheduler:
    """A linear warm-up, then half a cosine down to the lowest rate (Loshchilov & Hutter 2017)."""
    warm = min(round(pace.warmup * pace.epoch_steps), pace.steps - 1)
    down = CosineAnnealingLR(optimizer, pace.steps - warm, eta_min=pace.least_lr)
    if not warm:
        return down
    up = LinearLR(optimizer, COLD, total_iters=warm)
    return SequentialLR(optimizer, [up, down], [warm])


def mdeas_cyclic(step: int, pace: Pace) -> float:
    """The rate at a step of MDEAS's cycles, as its text means them.

    For ``warmup`` epochs the highest rate; then triangles, each up from the lowest rate to the
    highest in ``every`` epochs and down in as many; after ``cycles`` of them a tenth of the lowest
    rate, and a tenth of that again every further ``every`` epochs. MDEAS's own code never came to
    the last part: its test of the step number could not be true.
    """
    warm, edge = round(pace.warmup * pace.epoch_steps), pace.every * pace.epoch_steps
    if step < warm:
        return pace.lr
    cycled = step - warm
    if cycled >= 2 * edge * pace.cycles:
        edges = (cycled - 2 * edge * pace.cycles) // edge
        return pace.least_lr * 0.1 ** (edges + 1)
    cycle = math.floor(1 + cycled / (2 * edge))
    away = abs(cycled / edge - 2 * cycle + 1)
    return pace.least_lr + (pace.lr - pace.least_lr) * (1 - away)
