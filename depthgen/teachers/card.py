"""What is known of a teacher without loading it, and a teacher at hand."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from data_manifest.record import Size

Unit = Literal["metres", "none"]
Kind = Literal["metric", "relative", "relative_inverse"]
Near = Literal["small", "large"]
Network = Callable[[Tensor], Tensor]
"""(B, 3, h, w) float32 RGB in [0, 1] to (B, h', w') float, in the space in which it answers."""


@dataclass(frozen=True)
class Meaning:
    """What a teacher's numbers are.

    ``limits`` are the least and the largest that it means, for which answers are cut off; None
    where no scale is known beforehand, and it is found from the dataset's backgrounds.
    """

    unit: Unit
    kind: Kind
    near_is: Near
    limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Card:
    """A row of the table of teachers.

    ``source`` says where its weights come from; ``parameters`` is None where only the weights tell.
    """

    name: str
    parameters: int | None
    input_size: str
    meaning: Meaning
    licence: str
    source: str
    remark: str


@dataclass(frozen=True)
class Teacher:
    """A loaded teacher.

    ``network`` is a ``torch.nn.Module`` in evaluation mode, or a user's own function; None where
    there is only ``onnx``, the content of an ONNX file with one input (B, 3, h, w) float32 RGB in
    [0, 1] and one output (B, h', w') or (B, 1, h', w'). Pictures are squashed to ``input_size``
    before they are shown to it. ``weights_sha256`` is empty where there are no weights to tell.
    """

    name: str
    network: Network | None
    input_size: Size
    meaning: Meaning
    licence: str
    weights_sha256: str
    onnx: bytes | None = None
