"""A moving average of the weights (Polyak & Juditsky 1992), steadier than the last step."""

from copy import deepcopy

import torch
from torch import Tensor, nn

WARM = 10.0


class MovingAverage:
    """A copy of a network, ``module``, whose weights follow with an exponential decay.

    In the first steps the decay is smaller, ``(1 + n) / (10 + n)``, so that the random beginning is
    soon forgotten (as in TensorFlow's ExponentialMovingAverage). Buffers are the network's own, and
    so is what is frozen. ``count`` is of the steps averaged.

    torch's AveragedModel takes one tensor after the other, frozen ones too, and waits for the GPU
    to tell its count; here a step is two calls.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.module, self.count = deepcopy(model), 0
        self._model, self._decay = model, decay
        self._learnt, self._its_learnt = learnt(self.module), learnt(model)
        self._buffers, self._its_buffers = list(self.module.buffers()), list(model.buffers())

    @torch.no_grad()
    def follow(self) -> None:
        """Take in the network's weights as they are after a step."""
        if self.count == 0:
            self.module.load_state_dict(self._model.state_dict())
        else:
            decay = min(self._decay, (1 + self.count) / (WARM + self.count))
            torch._foreach_lerp_(self._learnt, self._its_learnt, 1 - decay)
            if self._buffers:
                torch._foreach_copy_(self._buffers, self._its_buffers)
        self.count += 1


def learnt(model: nn.Module) -> list[Tensor]:
    """The parameters that aren't frozen."""
    return [part for part in model.parameters() if part.requires_grad]
