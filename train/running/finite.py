"""Losses that are no number any more, noticed a step later so that a GPU isn't waited for."""

import math

from torch import Tensor

from data_manifest.errors import TrainingError
from train.data.order import Rows
from train.data.samples import Samples

NAMED = 8  # samples of a batch that an error names


class LossWatch:
    """Looks at every step's loss, when the next one is under way."""

    def __init__(self, samples: Samples, lr: float) -> None:
        self._samples, self._lr = samples, lr
        self._pending: tuple[Tensor, Rows] | None = None
        self.last = math.nan

    def see(self, loss: Tensor, batch: Rows) -> None:
        """Take note of a step's loss and of which samples it is, and check the one before."""
        self.check()
        self._pending = loss.detach(), batch

    def check(self) -> None:
        """Raises TrainingError where the loss of the last step that was seen isn't finite."""
        if self._pending is None:
            return
        loss, batch = self._pending
        self._pending, self.last = None, float(loss)
        if math.isfinite(self.last):
            return
        names = ", ".join(self._samples.key_of(int(row)) for row in batch[:NAMED])
        more = f" and {len(batch) - NAMED} more" if len(batch) > NAMED else ""
        raise TrainingError(
            f"Training diverged: the loss of samples {names}{more} is {self.last}. The last "
            f"checkpoint is kept; begin again with a lower --lr than {self._lr:g}."
        )
