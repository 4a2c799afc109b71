"""DenseDepth, NYU Depth v2.

Alhashim and Wonka, "High Quality Monocular Depth Estimation via Transfer Learning",
arXiv:1812.11941, 2018. Weights come from its authors' Keras file, ``nyu.h5``, of which there are
two kinds; which one it is, the file says. In the published file, as in the paper, the decoder
begins with all of the encoder's channels, and only the second convolution of a step has a
LeakyReLU: 42,657,689 parameters. What the authors' code makes since March 2019 begins with half of
them, and each convolution of a step has one: 21,365,405. Keras counts 158,400 more, the statistics
of batch norms.
"""

from pathlib import Path

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data_manifest.errors import UsageError, WeightsError
from data_manifest.record import Size
from data_manifest.shards.digests import file_sha256
from depthgen.teachers.card import Card, Teacher
from depthgen.teachers.declared import Declared, agreed
from depthgen.teachers.keras_weights import feeds, output_channels, read_layers

INPUT_SIZE = Size(640, 480)
MULTIPLE = 32
KERAS_EPSILON = 1.001e-5
SKIPS = ("norm0", "pool0", "transition1", "transition2")
SKIP_CHANNELS = (64, 64, 128, 256)
ENCODER_CHANNELS = 1664
HALF_WIDTH = ENCODER_CHANNELS // 2
SLOPE = 0.2
NEAREST, FARTHEST = 10.0, 1000.0  # in hundredths of a metre; the network answers their inverse


class Encoder(nn.Module):
    """DenseNet-169 as Keras has it, without its classifier.

    Skips are taken behind the stem's ReLU, behind its max-pool, and behind the first two
    transitions: not from the dense blocks before those, as timm's ``features_only`` does.
    """

    def __init__(self) -> None:
        super().__init__()
        features = timm.create_model("densenet169", pretrained=False, num_classes=0).features
        assert isinstance(features, nn.Sequential)
        self.features = features
        for layer in self.features.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eps = KERAS_EPSILON

    def forward(self, rgb: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(B, 3, H, W) to (B, 1664, H/32, W/32), and skips.

        Those are (B, 64, H/2, W/2), (B, 64, H/4, W/4), (B, 128, H/8, W/8), (B, 256, H/16, W/16).
        """
        skips, x = [], rgb
        for name, layer in self.features.named_children():
            x = layer(x)
            if name in SKIPS:
                skips.append(x)
        return x, skips


class Up(nn.Module):
    """Twice as large, corner on corner, beside a skip; two 3x3 convolutions.

    LeakyReLU 0.2 follows the second, and the first too where ``both_rectified``.
    """

    def __init__(self, inputs: int, skip: int, outputs: int, both_rectified: bool) -> None:
        super().__init__()
        self.convA = nn.Conv2d(inputs + skip, outputs, 3, padding=1)
        self.reluA = nn.LeakyReLU(SLOPE) if both_rectified else nn.Identity()
        self.convB = nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """(B, inputs, h, w) and (B, skip, 2h, 2w) to (B, outputs, 2h, 2w)."""
        x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=True)
        x = self.reluA(self.convA(torch.cat([x, skip], dim=1)))
        return F.leaky_relu(self.convB(x), SLOPE)


class DenseDepth(nn.Module):
    """Depth from one picture; layers are named as in the original.

    Input (B, 3, H, W) float RGB in [0, 1], not normalised, sides multiples of 32; output
    (B, H/2, W/2) float, metres from the camera in [0.1, 10], near is small. ``width`` is the number
    of channels that the decoder begins with; ``both_rectified`` is as in ``Up``.
    """

    def __init__(self, width: int = HALF_WIDTH, both_rectified: bool = True) -> None:
        super().__init__()
        channels = [width // 2**step for step in range(len(SKIP_CHANNELS) + 1)]
        self.encoder = Encoder()
        self.conv2 = nn.Conv2d(ENCODER_CHANNELS, width, 1)
        self.up1, self.up2, self.up3, self.up4 = (
            Up(inputs, skip, outputs, both_rectified)
            for inputs, skip, outputs in zip(
                channels, reversed(SKIP_CHANNELS), channels[1:], strict=False
            )
        )
        self.conv3 = nn.Conv2d(channels[-1], 1, 3, padding=1)

    def forward(self, rgb: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] to (B, H/2, W/2) metres."""
        return to_metres(self.raw(rgb))

    def raw(self, rgb: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] to (B, H/2, W/2): 10 / metres, not clipped."""
        x, skips = self.encoder(rgb)
        x = self.conv2(x)
        for up in (self.up1, self.up2, self.up3, self.up4):
            x = up(x, skips.pop())
        answer: Tensor = self.conv3(x)[:, 0]
        return answer


def to_metres(raw: Tensor) -> Tensor:
    """What the last layer answers, any shape, as metres in [0.1, 10]."""
    return 10 * (1000 / raw.float()).clamp(NEAREST, FARTHEST) / 1000


def keras_layers(network: DenseDepth) -> dict[str, nn.Module]:
    """All layers with weights by the names that they have in the original's file."""
    named = {"conv1/conv": "conv0", "conv1/bn": "norm0", "bn": "norm5"}
    for block, layers in enumerate((6, 12, 32, 32), start=1):
        for layer in range(1, layers + 1):
            keras, ours = f"conv{block + 1}_block{layer}", f"denseblock{block}.denselayer{layer}"
            named |= {f"{keras}_0_bn": f"{ours}.norm1", f"{keras}_1_conv": f"{ours}.conv1"}
            named |= {f"{keras}_1_bn": f"{ours}.norm2", f"{keras}_2_conv": f"{ours}.conv2"}
    for number in (1, 2, 3):
        named[f"pool{number + 1}_bn"] = f"transition{number}.norm"
        named[f"pool{number + 1}_conv"] = f"transition{number}.conv"
    encoder = network.encoder.features
    found = {keras: encoder.get_submodule(ours) for keras, ours in named.items()}
    for number, up in enumerate((network.up1, network.up2, network.up3, network.up4), start=1):
        found |= {f"up{number}_convA": up.convA, f"up{number}_convB": up.convB}
    return {**found, "conv2": network.conv2, "conv3": network.conv3}


def load_densedepth(path: Path) -> DenseDepth:
    """The network with weights from the original's ``nyu.h5``, in evaluation mode.

    Raises WeightsError where the file isn't that network's.
    """
    width = output_channels(path, "conv2")
    if width not in (HALF_WIDTH, ENCODER_CHANNELS):
        raise WeightsError(
            f"{path}: layer 'conv2' gives {width} channels, expected {HALF_WIDTH} or "
            f"{ENCODER_CHANNELS}; it is another network's file."
        )
    network = DenseDepth(width, _both_rectified(path, width)).eval()
    read_layers(path, keras_layers(network))
    return network


def _both_rectified(path: Path, width: int) -> bool:
    """As the file says; one of weights alone doesn't, but then the width tells the two apart."""
    nothing_between = feeds(path, "up1_convA", "up1_convB")
    return width == HALF_WIDTH if nothing_between is None else not nothing_between


def load(card: Card, weights: Path | None, declared: Declared) -> Teacher:
    """The teacher; pictures are squashed to 640 x 480 unless another size is declared.

    Raises WeightsError without ``weights`` or where they aren't its, UsageError where there is no
    such file, where sides aren't multiples of 32, or where something else is declared than it is.
    """
    meaning = agreed(card.name, card.meaning, declared)
    size = declared.input_size or INPUT_SIZE
    if any(side % MULTIPLE or not side for side in size):
        raise UsageError(
            f"--input-size {size:x}: {card.name} takes sides that are multiples of {MULTIPLE}, "
            f"such as {INPUT_SIZE:x}."
        )
    path = _need(card, weights)
    network = load_densedepth(path)
    return Teacher(card.name, network, size, meaning, card.licence, file_sha256(path))


def _need(card: Card, weights: Path | None) -> Path:
    if weights is None:
        raise no_source(card)
    if not weights.is_file():
        raise UsageError(f"There is no weights file {weights}; give its authors' nyu.h5.")
    return weights


def no_source(card: Card) -> WeightsError:
    """The sentence that says where the weights of ``card`` must come from."""
    return WeightsError(
        f"{card.name}'s weights can't be fetched, no place is known that still has them; give the "
        f"Keras file of its authors: --teacher {card.name} --weights nyu.h5."
    )
