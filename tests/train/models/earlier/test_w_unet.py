"""Sushmitha's W-Net, block for block."""

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
from train.models.earlier.w_unet import WUNet

TABLE = {
    "stem": 11_136,
    "depth": 4_356_801,
    "depth.0.downs.0": 18_624,
    "depth.0.downs.1": 55_680,
    "depth.0.downs.2": 221_952,
    "depth.0.downs.3": 886_272,
    "depth.0.downs.4": 1_181_184,
    "depth.0.ups.0": 1_475_712,
    "depth.0.ups.1": 369_216,
    "depth.0.ups.2": 92_448,
    "depth.0.ups.3": 27_840,
    "depth.0.ups.4": 27_840,
    "depth.1": 33,
    "mask": 4_310_337,
    "mask.0.downs.0": 55_680,
    "mask.0.downs.1": 221_952,
    "mask.0.downs.2": 886_272,
    "mask.0.downs.3": 1_181_184,
    "mask.0.ups.0": 1_475_712,
    "mask.0.ups.1": 369_216,
    "mask.0.ups.2": 92_448,
    "mask.0.ups.3": 27_840,
    "mask.1": 33,
}
SHAPES = {
    "stem": (32, 224),
    "depth.0.downs.0": (32, 112),
    "depth.0.downs.1": (64, 56),
    "depth.0.downs.2": (128, 28),
    "depth.0.downs.3": (256, 14),
    "depth.0.downs.4": (256, 7),
    "depth.0.ups.0": (128, 14),
    "depth.0.ups.1": (64, 28),
    "depth.0.ups.2": (32, 56),
    "depth.0.ups.3": (32, 112),
    "depth.0.ups.4": (32, 224),
    "depth.1": (1, 224),
    "mask.0.downs.0": (64, 112),
    "mask.0.downs.1": (128, 56),
    "mask.0.downs.2": (256, 28),
    "mask.0.downs.3": (256, 14),
    "mask.0.ups.0": (128, 28),
    "mask.0.ups.1": (64, 56),
    "mask.0.ups.2": (32, 112),
    "mask.0.ups.3": (32, 224),
    "mask.1": (1, 224),
}


def test_parameters_are_those_of_the_table() -> None:
    model = WUNet()
    assert count(model) == 8_678_274
    assert counts(model, TABLE) == TABLE
    assert (
        sum(number for name, number in TABLE.items() if name not in ("mask", "depth")) == 8_678_274
    )


def test_depth_alone_and_mask_alone_are_the_original_s_single_networks() -> None:
    model = WUNet()
    assert count(model.stem) + count(model.depth) == 4_367_937
    assert count(model.stem) + count(model.mask) == 4_321_473


def test_every_step_has_its_size() -> None:
    assert part_shapes(WUNet(), SHAPES, 224) == SHAPES


def test_nothing_is_dropped() -> None:
    assert not any(isinstance(module, nn.Dropout) for module in WUNet().modules())


def test_mask_and_depth_share_only_the_stem() -> None:
    model = WUNet()
    assert reached(model, 0) == {"stem", "mask"}
    assert reached(model, 1) == {"stem", "depth"}


def test_the_background_comes_first() -> None:
    pair = random_pair(32, 48)
    assert torch.equal(given_to(WUNet(), "stem", pair), torch.cat(pair, dim=1))
