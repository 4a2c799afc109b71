"""futartup's U-Net, block for block, with either way of enlarging."""

import pytest
import torch
from torch import nn

from tests.train.models.anatomy import (
    count,
    counts,
    given_to,
    part_shapes,
    random_pair,
    reached,
)
from train.models.earlier.unet import UNet

ENCODER = {"trunk.downs.0": 221_952, "trunk.downs.1": 886_272, "trunk.downs.2": 3_542_016}
HEADS = {"mask_head": 65, "depth_head": 65}
BILINEAR = {
    "trunk.downs.3": 4_721_664,
    "trunk.ups.0": 5_900_544,
    "trunk.ups.1": 1_475_712,
    "trunk.ups.2": 369_216,
    "trunk.ups.3": 110_976,
}
TRANSPOSED = {
    "trunk.downs.3": 14_161_920,
    "trunk.ups.0.enlarge": 2_097_664,
    "trunk.ups.1.enlarge": 524_544,
    "trunk.ups.2.enlarge": 131_200,
    "trunk.ups.3.enlarge": 32_832,
    "trunk.ups.0.convolve": 7_080_960,
    "trunk.ups.1.convolve": 1_771_008,
    "trunk.ups.2.convolve": 443_136,
    "trunk.ups.3.convolve": 110_976,
}
STEM, MORE_CHANNELS = 38_976, 3 * 64 * 9  # the table's stem takes three channels

SHAPES = {
    "stem": (64, 224),
    "trunk.downs.0": (128, 112),
    "trunk.downs.1": (256, 56),
    "trunk.downs.2": (512, 28),
    "mask_head": (1, 224),
    "depth_head": (1, 224),
}
BILINEAR_SHAPES = {
    "trunk.downs.3": (512, 14),
    "trunk.ups.0": (256, 28),
    "trunk.ups.1": (128, 56),
    "trunk.ups.2": (64, 112),
    "trunk.ups.3": (64, 224),
}
TRANSPOSED_SHAPES = {
    "trunk.downs.3": (1024, 14),
    "trunk.ups.0": (512, 28),
    "trunk.ups.1": (256, 56),
    "trunk.ups.2": (128, 112),
    "trunk.ups.3": (64, 224),
}


@pytest.mark.parametrize(
    ("transposed", "total", "one_head_three_channels", "rest"),
    [(False, 17_269_186, 17_267_393, BILINEAR), (True, 31_045_314, 31_043_521, TRANSPOSED)],
)
def test_parameters_are_those_of_the_table(
    transposed: bool, total: int, one_head_three_channels: int, rest: dict[str, int]
) -> None:
    model, table = UNet(transposed), {**ENCODER, **rest, **HEADS}
    assert count(model) == total
    assert counts(model, table) == table
    assert count(model.stem) == STEM + MORE_CHANNELS
    assert STEM + sum(table.values()) - HEADS["depth_head"] == one_head_three_channels
    assert total == one_head_three_channels + MORE_CHANNELS + HEADS["depth_head"]


@pytest.mark.parametrize(
    ("transposed", "rest"), [(False, BILINEAR_SHAPES), (True, TRANSPOSED_SHAPES)]
)
def test_every_step_has_its_size(transposed: bool, rest: dict[str, tuple[int, int]]) -> None:
    shapes = {**SHAPES, **rest}
    assert part_shapes(UNet(transposed), shapes, 224) == shapes


def test_nothing_is_dropped_and_the_default_transposes_nothing() -> None:
    kinds = {type(module) for module in UNet().modules()}
    assert not kinds & {nn.Dropout, nn.ConvTranspose2d}


def test_mask_and_depth_have_a_head_each() -> None:
    model = UNet()
    assert reached(model, 0) == {"stem", "trunk", "mask_head"}
    assert reached(model, 1) == {"stem", "trunk", "depth_head"}


def test_the_composite_comes_first() -> None:
    bg, fg_bg = random_pair(32, 48)
    assert torch.equal(given_to(UNet(), "stem", (bg, fg_bg)), torch.cat([fg_bg, bg], dim=1))
