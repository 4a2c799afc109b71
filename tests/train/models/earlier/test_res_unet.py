"""vathos' residual U-Net, block for block."""

import torch
from torch import nn
from torch.nn import functional as F

from tests.train.models.anatomy import (
    count,
    counts,
    given_to,
    layers,
    part_shapes,
    random_pair,
    reached,
)
from train.models.earlier.res_unet import Residual, ResUNet, ShuffleUp, plain

TABLE = {
    "stem": 4_800,
    "downs.0": 57_664,
    "downs.1": 230_016,
    "downs.2": 918_784,
    "downs.3": 3_672_576,
    "bridge": 4_720_640,
    "depth_ups.0": 3_213_312,
    "depth_ups.1": 803_840,
    "depth_ups.2": 201_216,
    "depth_ups.3": 33_216,
    "depth_head": 16,
    "mask_ups.0": 1_807_616,
    "mask_ups.1": 119_168,
    "mask_ups.2": 58_624,
    "mask_ups.3": 14_208,
    "mask_head": 16,
}
SHAPES = {
    "stem": (32, 224),
    "downs.0": (64, 224),
    "downs.1": (128, 112),
    "downs.2": (256, 56),
    "downs.3": (512, 28),
    "bridge": (512, 14),
    "depth_ups.0": (256, 28),
    "depth_ups.1": (128, 56),
    "depth_ups.2": (64, 112),
    "depth_ups.3": (16, 224),
    "depth_head": (1, 224),
    "mask_ups.0": (64, 28),
    "mask_ups.1": (64, 56),
    "mask_ups.2": (32, 112),
    "mask_ups.3": (16, 224),
    "mask_head": (1, 224),
}


def test_parameters_are_those_of_the_table() -> None:
    model = ResUNet()
    assert count(model) == sum(TABLE.values()) == 15_855_712
    assert counts(model, TABLE) == TABLE
    assert layers(model) == 99


def test_every_step_has_its_size() -> None:
    assert part_shapes(ResUNet(), SHAPES, 224) == SHAPES


def test_no_convolution_has_a_bias() -> None:
    convolutions = [part for part in ResUNet().modules() if isinstance(part, nn.Conv2d)]
    assert len(convolutions) == 61
    assert all(part.bias is None for part in convolutions)


def test_pairs_follow_the_formula_and_norm_first() -> None:
    for i, o in ((32, 64), (64, 16)):
        assert count(plain(i, o)) == 2 * i + 9 * i * o + 2 * o + 9 * o**2
    kinds = [type(layer) for half in plain(8, 4) for layer in half]
    assert kinds == [nn.BatchNorm2d, nn.ReLU, nn.Conv2d] * 2


def test_a_residual_adds_its_shortcut_and_the_bridge_has_none() -> None:
    block, x = Residual(4, 6, plain).eval(), torch.rand(2, 4, 8, 8)
    with torch.inference_mode():
        expected = block.pair(x) + block.shortcut[1](block.shortcut[0](x))
        assert torch.equal(block(x), expected)
    assert not any(isinstance(part, Residual) for part in ResUNet().bridge.modules())


def test_a_step_up_adds_the_level_below_the_skip_and_the_other_decoder() -> None:
    step = ShuffleUp(8, 4, (6, 5), plain).eval()
    below, skip, other = torch.rand(2, 8, 6, 4), torch.rand(2, 6, 12, 8), torch.rand(2, 5, 12, 8)
    with torch.inference_mode():
        x = F.pixel_shuffle(step.below(below), 2) + step.beside[0](skip) + step.beside[1](other)
        assert torch.allclose(step(below, skip, other), step.residual(x), atol=1e-6)


def test_every_level_is_the_largest_of_four_of_the_one_above() -> None:
    model, pair = ResUNet().eval(), random_pair(32, 48)
    with torch.inference_mode():
        x = model.stem(torch.cat(pair, dim=1))
        for down in model.downs:
            x = F.max_pool2d(down(x), 2)
    assert torch.allclose(given_to(model, "bridge", pair), x, atol=1e-6)


def test_depth_feeds_the_mask_and_not_the_other_way() -> None:
    model, shared = ResUNet(), {"stem", "downs", "bridge", "depth_ups"}
    assert reached(model, 0) == shared | {"mask_ups", "mask_head"}
    assert reached(model, 1) == shared | {"depth_head"}


def test_the_background_comes_first() -> None:
    pair = random_pair(32, 48)
    assert torch.equal(given_to(ResUNet(), "stem", pair), torch.cat(pair, dim=1))
