"""futartup's U-Net on a ResNet-34, block for block, with what it lacked."""

import torch

from tests.train.models.anatomy import (
    count,
    counts,
    given_to,
    part_shapes,
    random_pair,
    reached,
)
from train.models.earlier.resnet34_unet import ResNet34UNet

THREE_CHANNELS = 21_284_672  # the encoder, as the original has it
MORE_CHANNELS = 3 * 64 * 7 * 7
ENCODER = {
    "encoder.conv1": 9_408 + MORE_CHANNELS,
    "encoder.bn1": 128,
    "encoder.layer1": 221_952,
    "encoder.layer2": 1_116_416,
    "encoder.layer3": 6_822_400,
    "encoder.layer4": 13_114_368,
}
REST = {
    "down": 4_721_664,
    "ups.0": 5_900_544,
    "ups.1": 1_475_712,
    "ups.2": 369_216,
    "ups.3": 110_976,
    "mask_head": 65,
    "depth_head": 65,
}
SHAPES = {
    "encoder.conv1": (64, 112),
    "encoder.layer1": (64, 56),
    "encoder.layer2": (128, 28),
    "encoder.layer3": (256, 14),
    "encoder.layer4": (512, 7),
    "down": (512, 3),
    "ups.0": (256, 7),
    "ups.1": (128, 14),
    "ups.2": (64, 28),
    "ups.3": (64, 56),
    "mask_head": (1, 56),
    "depth_head": (1, 56),
}


def test_parameters_are_those_of_the_table() -> None:
    model, table = ResNet34UNet(), {**ENCODER, **REST}
    assert counts(model, table) == table
    assert sum(ENCODER.values()) == count(model.encoder) == THREE_CHANNELS + MORE_CHANNELS
    assert THREE_CHANNELS + sum(REST.values()) - REST["depth_head"] == 33_862_849
    assert count(model) == 33_862_849 + MORE_CHANNELS + REST["depth_head"] == 33_872_322


def test_the_encoder_has_the_blocks_of_resnet34() -> None:
    encoder = ResNet34UNet().encoder
    stages = [encoder.get_submodule(f"layer{number}") for number in (1, 2, 3, 4)]
    assert [len(list(stage.children())) for stage in stages] == [3, 4, 6, 3]


def test_every_step_has_its_size() -> None:
    assert part_shapes(ResNet34UNet(), SHAPES, 224) == SHAPES


def test_mask_and_depth_have_a_head_each() -> None:
    model = ResNet34UNet()
    assert reached(model, 0) == {"encoder", "down", "ups", "mask_head"}
    assert reached(model, 1) == {"encoder", "down", "ups", "depth_head"}


def test_the_composite_comes_first() -> None:
    bg, fg_bg = random_pair(64, 48)
    given = given_to(ResNet34UNet(), "encoder.conv1", (bg, fg_bg))
    assert torch.equal(given, torch.cat([fg_bg, bg], dim=1))
