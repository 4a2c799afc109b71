"""FastDepth, MobileNet-NNConv5dw-skipadd-pruned, NYU Depth v2.

Wofk, Ma, Yang, Karaman and Sze, "FastDepth: Fast Monocular Depth Estimation on Embedded Systems",
ICRA 2019.
"""

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from data_manifest.errors import WeightsError
from data_manifest.record import Size
from data_manifest.weights.fastdepth import (
    DECODER_CHANNELS,
    ENCODER_CHANNELS,
    ENCODER_STRIDES,
    SIDE,
    SKIPS_FROM_ENCODER,
    SKIPS_INTO_DECODER,
    fetch,
    read_arrays,
)
from depthgen.teachers.card import Card, Teacher
from depthgen.teachers.declared import Declared, agreed, fixed_size


class ConvNorm(nn.Sequential):
    """Convolution, batch norm, activation; ``groups`` equal to the channels is depthwise."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        activation: type[nn.Module],
        stride: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__(
            nn.Conv2d(
                inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False
            ),
            nn.BatchNorm2d(outputs),
            activation(),
        )


def separable(
    inputs: int, outputs: int, kernel: int, stride: int, activation: type[nn.Module]
) -> nn.Sequential:
    """Depthwise convolution, then pointwise (MobileNet)."""
    return nn.Sequential(
        ConvNorm(inputs, inputs, kernel, activation, stride=stride, groups=inputs),
        ConvNorm(inputs, outputs, 1, activation),
    )


class FastDepth(nn.Module):
    """Depth from one picture.

    Input (B, 3, 224, 224) float RGB in [0, 1], not normalised; output (B, 1, 224, 224) float,
    metres from the camera, at least 0, near is small. 1,360,786 parameters.
    """

    def __init__(self) -> None:
        super().__init__()
        encoder: list[nn.Module] = [ConvNorm(3, ENCODER_CHANNELS[0], 3, nn.ReLU6, stride=2)]
        for number, stride in enumerate(ENCODER_STRIDES):
            inputs, outputs = ENCODER_CHANNELS[number : number + 2]
            encoder.append(separable(inputs, outputs, 3, stride, nn.ReLU6))
        self.encoder = nn.ModuleList(encoder)
        self.decoder = nn.ModuleList(
            separable(inputs, outputs, 5, 1, nn.ReLU)
            for inputs, outputs in pairwise(DECODER_CHANNELS)
        )
        self.head = ConvNorm(DECODER_CHANNELS[-1], 1, 1, nn.ReLU)

    def forward(self, rgb: Tensor) -> Tensor:
        """(B, 3, 224, 224) in [0, 1] to (B, 1, 224, 224) metres."""
        skips: list[Tensor] = []
        x = rgb
        for number, block in enumerate(self.encoder):
            x = block(x)
            if number in SKIPS_FROM_ENCODER:
                skips.append(x)
        for number, block in enumerate(self.decoder):
            x = F.interpolate(block(x), scale_factor=2.0, mode="nearest")
            if number in SKIPS_INTO_DECODER:
                x = x + skips.pop()
        depth: Tensor = self.head(x)
        return depth

    def fuse(self) -> None:
        """Fold every batch norm into its convolution; inference only, the same function."""
        for layer in self.modules():
            if isinstance(layer, ConvNorm):
                conv, norm = layer[0], layer[1]
                assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
                layer[0], layer[1] = fuse_conv_bn_eval(conv, norm), nn.Identity()


def load_fastdepth(content: bytes) -> FastDepth:
    """The network with weights from the content of the authors' ONNX export, in evaluation mode.

    Raises WeightsError where the content isn't that network.
    """
    model = FastDepth().eval()
    state = model.state_dict()
    arrays = read_arrays(content)
    if [array.shape for array in arrays] != [tuple(part.shape) for part in state.values()]:
        raise WeightsError(
            f"The ONNX file's {len(arrays)} arrays are not FastDepth's {len(state)}: shapes differ."
        )
    for name, array in zip(state, arrays, strict=True):
        state[name] = torch.from_numpy(array.copy())
    model.load_state_dict(state)
    return model


def load(card: Card, weights: Path | None, declared: Declared) -> Teacher:
    """The teacher, ready for inference; weights are fetched where they are not yet here.

    Raises UsageError for a missing ``weights`` file or where something else is declared than it is,
    WeightsError where the weights can't be had.
    """
    meaning = agreed(card.name, card.meaning, declared)
    size = fixed_size(card.name, Size(SIDE, SIDE), declared)
    stored = fetch(weights)
    network = load_fastdepth(stored.content)
    network.fuse()
    maps = nn.Sequential(network, nn.Flatten(1, 2)).eval()  # (B, 1, h, w) to (B, h, w)
    return Teacher(card.name, maps, size, meaning, card.licence, stored.sha256, stored.content)
