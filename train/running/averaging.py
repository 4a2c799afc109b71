"""A moving average of the weights (Polyak & Juditsky 1992), steadier than the last step."""

from itertools import compress

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

WARM = 10.0


def averaged_model(model: nn.Module, decay: float) -> AveragedModel | None:
    """The moving average of a model's weights with an exponential decay; none where that is 0.

    In the first steps the decay is smaller, ``(1 + n) / (10 + n)``, so that the random beginning is
    soon forgotten (as in TensorFlow's ExponentialMovingAverage). Buffers are the model's own, and
    so is what is frozen.
    """
    if decay == 0:
        return None
    learnt = [part.requires_grad for part in model.parameters()]

    @torch.no_grad()
    def average(
        mine: tuple[Tensor, ...] | list[Tensor],
        its: tuple[Tensor, ...] | list[Tensor],
        count: Tensor | int,
    ) -> None:
        steps = float(count)
        weight = 1 - min(decay, (1 + steps) / (WARM + steps))
        # All parameters come in one call, as they are float32 on one device.
        torch._foreach_lerp_(list(compress(mine, learnt)), list(compress(its, learnt)), weight)

    return AveragedModel(model, multi_avg_fn=average)
