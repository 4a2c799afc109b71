"""Means of losses over samples, that can be saved half-way and added up over processes."""

import torch
from accelerate import Accelerator
from torch import Tensor

from train.running.checkpoint import Numbers

SAMPLES = "samples"


class Sums:
    """Adds up losses times samples, in float64; losses stay on their device until they are read."""

    def __init__(self, begun: Numbers | None = None) -> None:
        self._sums: dict[str, Tensor] = {
            name: torch.tensor(value, dtype=torch.float64) for name, value in (begun or {}).items()
        }

    def add(self, losses: dict[str, Tensor], samples: int) -> None:
        """Add the mean losses of so many samples."""
        self._add(SAMPLES, torch.tensor(float(samples), dtype=torch.float64))
        for name, loss in losses.items():
            self._add(name, loss.detach().double() * samples)

    def _add(self, name: str, value: Tensor) -> None:
        before = self._sums.get(name)
        self._sums[name] = value if before is None else before.to(value.device) + value

    def whole(self, accelerator: Accelerator) -> Numbers:
        """The sums of all processes; every process must call it."""
        if not self._sums:
            return {}
        values = torch.stack([value.to(accelerator.device) for value in self._sums.values()])
        if accelerator.num_processes > 1:
            values = accelerator.reduce(values, "sum")
        return dict(zip(self._sums, values.tolist(), strict=True))


def means(sums: Numbers, prefix: str) -> Numbers:
    """Mean losses of sums, by TensorBoard tag."""
    count = sums[SAMPLES]
    return {f"{prefix}/{name}": value / count for name, value in sums.items() if name != SAMPLES}
