"""vathos' ResUNeXt, block for block; the rest it shares with ResUNet."""

import pytest
from torch import nn

from tests.train.models.anatomy import count, counts, layers, part_shapes
from tests.train.models.earlier.test_res_unet import SHAPES
from train.models.earlier.resnext_unet import ResNeXtUNet, grouped

TABLE = {
    "stem": 4_800,
    "downs.0": 63_040,
    "downs.1": 267_296,
    "downs.2": 1_063_040,
    "downs.3": 4_313_248,
    "bridge": 4_877_984,
    "depth_ups.0": 2_988_928,
    "depth_ups.1": 748_960,
    "depth_ups.2": 182_016,
    "depth_ups.3": 28_192,
    "depth_head": 16,
    "mask_ups.0": 1_690_112,
    "mask_ups.1": 116_352,
    "mask_ups.2": 54_112,
    "mask_ups.3": 11_744,
    "mask_head": 16,
}


def test_parameters_are_those_of_the_table() -> None:
    model = ResNeXtUNet()
    assert count(model) == sum(TABLE.values()) == 16_409_856
    assert counts(model, TABLE) == TABLE
    assert layers(model) == 125


def test_every_step_has_the_size_that_it_has_in_res_unet() -> None:
    assert part_shapes(ResNeXtUNet(), SHAPES, 224) == SHAPES


@pytest.mark.parametrize(
    ("outputs", "middle"),
    [(16, 64), (32, 160), (64, 320), (128, 672), (256, 1344), (512, 2720)],
)
def test_the_middle_has_32_channels_for_every_6_outputs(outputs: int, middle: int) -> None:
    kinds = [type(layer) for part in grouped(8, outputs) for layer in part]
    assert kinds == [nn.BatchNorm2d, nn.ReLU, nn.Conv2d] * 3
    convolutions = [
        layer for layer in grouped(8, outputs).modules() if isinstance(layer, nn.Conv2d)
    ]
    assert [layer.out_channels for layer in convolutions] == [middle, middle, outputs]
    assert [layer.kernel_size for layer in convolutions] == [(1, 1), (3, 3), (1, 1)]
    assert [layer.groups for layer in convolutions] == [1, 32, 1]


def test_no_convolution_has_a_bias() -> None:
    convolutions = [part for part in ResNeXtUNet().modules() if isinstance(part, nn.Conv2d)]
    assert len(convolutions) == 74
    assert all(part.bias is None for part in convolutions)
