"""The metrics of many batches together, also of several processes'."""

import torch
from torch import Tensor

from data_manifest.depth_stage import DepthEncoding
from train.data.batch import Batch
from train.metrics.figures import Sums, figures, sum_up


class Meter:
    """Collects predictions and truths; ``result`` gives the metrics of all of them together.

    What is added stays on its device until the end. To merge processes, add their ``sums`` and give
    each the total: ``meter.set_sums(accelerator.reduce(meter.sums, "sum"))``.
    """

    def __init__(self, encoding: DepthEncoding) -> None:
        self._encoding = encoding
        self._sums = torch.zeros(len(Sums._fields), dtype=torch.float64)

    def add(self, mask: Tensor, depth: Tensor, true: Batch) -> None:
        """Add a batch: ``mask`` (B, 1, H, W) bool, ``depth`` (B, 1, H, W) target estimate."""
        sums = torch.stack(sum_up(mask, depth, true, self._encoding)).sum(dim=1)
        self._sums = self._sums.to(sums.device) + sums

    @property
    def sums(self) -> Tensor:
        """What was added, (n,) float64, of which the metrics are made; sums of it add up."""
        return self._sums

    def set_sums(self, sums: Tensor) -> None:
        """Take (n,) float64 for what was added."""
        self._sums = sums

    def result(self) -> dict[str, float]:
        """The metrics by name (see ``figures``); NaN for depth where nothing was added."""
        return {name: float(value) for name, value in figures(Sums(*self._sums)).items()}
