"""The loss that is trained on: sums of losses of the mask and of the depth."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from train.data.batch import Batch
from train.losses.depth import DEPTH_LOSSES
from train.losses.expression import Expression
from train.losses.mask import MASK_LOSSES, Loss


class Losses(nn.Module):
    """Both tasks' losses as one number, and its parts.

    ``learned`` weighs the tasks by how uncertain each is (Kendall, Gal & Cipolla 2018): with s a
    learned logarithm of variance per task, exp(-s) L + s is minimised, twice their form for
    regression. Both begin at 0, that is at L; the number may become negative. Otherwise there are
    no parameters, and the two are added.
    """

    def __init__(self, mask: Expression, depth: Expression, *, learned: bool = False) -> None:
        super().__init__()
        self._mask, self._depth = mask, depth
        self.log_variances = (
            nn.ParameterDict({task: torch.zeros(()) for task in ("mask", "depth")})
            if learned
            else None
        )

    def forward(self, mask_logits: Tensor, depth: Tensor, true: Batch) -> dict[str, Tensor]:
        """``loss``, a scalar with gradient, and the parts of it, scalars without.

        Takes (B, 1, H, W) logits and target estimates of any precision, and works in float32 at
        least, whatever autocast does. Parts are means over samples before they are weighted, such
        as ``mask/bce``. With learned weights, ``mask/weight`` and ``depth/weight`` are exp(-s).
        """
        with torch.autocast(mask_logits.device.type, enabled=False):
            masks = _values(self._mask, MASK_LOSSES, mask_logits, true.mask)
            depths = _values(self._depth, DEPTH_LOSSES, depth, true.depth)
        totals = {"mask": _sum(self._mask, masks), "depth": _sum(self._depth, depths)}
        parts = {f"mask/{name}": value.detach() for name, value in masks.items()}
        parts |= {f"depth/{name}": value.detach() for name, value in depths.items()}
        if self.log_variances is not None:
            for task, s in self.log_variances.items():
                parts[f"{task}/weight"] = torch.exp(-s).detach()
                totals[task] = torch.exp(-s) * totals[task] + s
        return {"loss": totals["mask"] + totals["depth"], **parts}


def _values(
    expression: Expression, losses: Mapping[str, Loss], predicted: Tensor, true: Tensor
) -> dict[str, Tensor]:
    dtype = torch.promote_types(predicted.dtype, torch.float32)
    pair = predicted.to(dtype), true.to(dtype)
    return {term.name: losses[term.name](*pair).mean() for term in expression}


def _sum(expression: Expression, values: Mapping[str, Tensor]) -> Tensor:
    first, *others = (term.weight * values[term.name] for term in expression)
    return sum(others, first)
