"""What every student offers; the training loop knows nothing else of it."""

from collections.abc import Iterable
from typing import ClassVar

from torch import Tensor, nn


class Student(nn.Module):
    """A network with two inputs and two outputs."""

    multiple: ClassVar[int] = 16
    """Both sides of a picture in pixels must be multiples of this."""

    def forward(self, bg: Tensor, fg_bg: Tensor) -> tuple[Tensor, Tensor]:
        """Two batches of pictures to mask logits and depth.

        ``bg`` and ``fg_bg`` are (B, 3, H, W) float RGB in [0, 1], sides multiples of ``multiple``.
        The mask logits, (B, 1, H, W), are positive where foreground is likelier than not; depth,
        (B, 1, H, W), is the training target's estimate, nominally in [0, 1] and not clipped.
        """
        raise NotImplementedError

    def pretrained_parameters(self) -> Iterable[nn.Parameter]:
        """Those that begin with weights of another network, where they can be had."""
        return ()

    def __call__(self, bg: Tensor, fg_bg: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`forward`."""
        outputs: tuple[Tensor, Tensor] = super().__call__(bg, fg_bg)
        return outputs
