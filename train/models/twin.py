"""Twin: FastDepth looks at both pictures; what differs is the mask, what it knows is the depth.

The encoder and the depth decoder are those of the teacher FastDepth (Wofk et al., ICRA 2019) with
its weights, batch norms folded into the convolutions, so that an untrained twin answers depth as
that teacher does. A small decoder of the difference of the two pictures' features gives the mask,
whose edges are looked at again, and another the foreground's depth. Pretrained, and from a teacher:
compare it with ``timm:``, which is pretrained on other labels.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data_manifest.errors import WeightsError
from data_manifest.weights.fastdepth import (
    DECODER_CHANNELS,
    ENCODER_CHANNELS,
    ENCODER_STRIDES,
    SIDE,
    SKIPS_FROM_ENCODER,
    SKIPS_INTO_DECODER,
    read_arrays,
)
from train.models.layout import Layout
from train.models.refiner import Refiner
from train.models.siamese import MaskDecoder, ObjectDepth, to_size_of
from train.models.student import Student

NORM_EPSILON = 1e-5
TAPS = (1, 3, 5, 10)  # encoder blocks at 1/2, 1/4, 1/8 and 1/16 that the mask is read from
SEEN_TWICE = TAPS[-1] + 1
"""Blocks that both pictures pass; the deeper ones are for the scene's depth alone."""
WIDTHS = (24, 32, 48, 64)
OBJECT_LEVEL, OBJECT_WIDTH = 2, 32


def _convolution(inputs: int, outputs: int, kernel: int, stride: int, groups: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups)


class Separable(nn.Sequential):
    """Depthwise, then pointwise convolution, each followed by the same activation."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, activation: type[nn.Module]
    ) -> None:
        super().__init__(
            _convolution(inputs, inputs, kernel, stride, groups=inputs),
            activation(inplace=True),
            _convolution(inputs, outputs, 1, 1, groups=1),
            activation(inplace=True),
        )


class Trunk(nn.Module):
    """FastDepth with folded norms: (B, 3, 224, 224) RGB in [0, 1] to metres, near is small."""

    def __init__(self) -> None:
        super().__init__()
        first = _convolution(3, ENCODER_CHANNELS[0], 3, 2, groups=1)
        steps = zip(pairwise(ENCODER_CHANNELS), ENCODER_STRIDES, strict=True)
        self.encoder = nn.ModuleList(
            [
                nn.Sequential(first, nn.ReLU6(inplace=True)),
                *(Separable(*pair, 3, stride, nn.ReLU6) for pair, stride in steps),
            ]
        )
        self.decoder = nn.ModuleList(
            Separable(*pair, 5, 1, nn.ReLU) for pair in pairwise(DECODER_CHANNELS)
        )
        last = _convolution(DECODER_CHANNELS[-1], 1, 1, 1, 1)
        self.head = nn.Sequential(last, nn.ReLU(inplace=True))

    def encode(self, x: Tensor, begin: int = 0, end: int | None = None) -> list[Tensor]:
        """What each block of the encoder gives, from ``begin`` to before ``end``.

        ``x`` is what the block before gave, the picture in front of the first.
        """
        found = [x]
        for block in self.encoder[begin:end]:
            found.append(block(found[-1]))
        return found[1:]

    def decode(self, encoded: Sequence[Tensor]) -> Tensor:
        """What the encoder gave to metres, (B, 1, 112, 112), to be doubled."""
        x, skips = encoded[-1], [encoded[block] for block in SKIPS_FROM_ENCODER]
        for number, block in enumerate(self.decoder):
            if number:
                x = F.interpolate(x, scale_factor=2.0, mode="nearest")
            if number - 1 in SKIPS_INTO_DECODER:
                x += skips.pop()
            x = block(x)
        metres: Tensor = self.head(x)
        return metres

    def load(self, content: bytes) -> None:
        """Take the weights of the authors' ONNX export. Raises WeightsError where it isn't that."""
        arrays = read_arrays(content)
        layers = [layer for layer in self.modules() if isinstance(layer, nn.Conv2d)]
        shapes = [tuple(layer.weight.shape) for layer in layers]
        if [array.shape for array in arrays[::6]] != shapes:
            raise WeightsError("The ONNX file's arrays are not FastDepth's: shapes differ.")
        for number, layer in enumerate(layers):
            kernel, weight, bias, mean, variance, _ = map(
                np.float64, arrays[6 * number : 6 * number + 6]
            )
            gain = weight / np.sqrt(variance + NORM_EPSILON)
            assert layer.bias is not None
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(kernel * gain[:, None, None, None]))
                layer.bias.copy_(torch.from_numpy(bias - mean * gain))


class Twin(Student):
    """See the module."""

    multiple = 8

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self._layered = layout.layered
        self.trunk = Trunk()
        self.to_target = nn.Parameter(torch.tensor([layout.target_scale, layout.target_shift]))
        channels = [ENCODER_CHANNELS[tap] for tap in TAPS]
        self.mask = MaskDecoder(channels, WIDTHS)
        self.refiner = Refiner()
        self.object = ObjectDepth(channels[OBJECT_LEVEL], OBJECT_WIDTH, layered=layout.layered)

    def forward(self, bg: Tensor, fg_bg: Tensor) -> tuple[Tensor, Tensor]:
        """Two (B, 3, H, W) in [0, 1] to mask logits and depth, (B, 1, H, W) each."""
        both = torch.cat([bg, fg_bg])
        if both.shape[2:] != (SIDE, SIDE):
            both = F.interpolate(both, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
        encoded = self.trunk.encode(both, end=SEEN_TWICE)
        of_bg, of_fg_bg = ([x.chunk(2)[half] for x in encoded] for half in (0, 1))
        taps_bg, taps = [of_bg[tap] for tap in TAPS], [of_fg_bg[tap] for tap in TAPS]
        logits = self.refiner(bg, fg_bg, self.mask(bg, fg_bg, taps_bg, taps))
        of_scene = of_bg if self._layered else of_fg_bg
        deepest = self.trunk.encode(of_scene[-1], begin=SEEN_TWICE)
        metres = self.trunk.decode([*of_scene, *deepest])
        metres = F.interpolate(metres, scale_factor=2.0, mode="nearest")
        scene = to_size_of(metres * self.to_target[0] + self.to_target[1], logits)
        probability = torch.sigmoid(logits).detach()
        depth = self.object(taps_bg[OBJECT_LEVEL], taps[OBJECT_LEVEL], probability, scene)
        return logits, depth

    def pretrained_parameters(self) -> list[nn.Parameter]:
        """The trunk, and what its metres are as a training target."""
        return [*self.trunk.parameters(), self.to_target]
