"""Gilf641's U-Net, block for block."""

import torch
from torch import nn

from tests.train.models.anatomy import (
    count,
    counts,
    given_to,
    layers,
    part_shapes,
    random_pair,
    reached,
)
from train.models.earlier.dual_unet import DualUNet

BRANCH = {
    "0.downs.0": 14_016,
    "0.downs.1": 55_680,
    "0.downs.2": 221_952,
    "0.downs.3": 295_680,
    "0.ups.0": 369_216,
    "0.ups.1": 92_448,
    "0.ups.2": 23_184,
    "0.ups.3": 7_008,
    "1": 17,
}
SHAPES = {
    "stem": (16, 224),
    "depth.0.downs.0": (32, 112),
    "depth.0.downs.1": (64, 56),
    "depth.0.downs.2": (128, 28),
    "depth.0.downs.3": (128, 14),
    "depth.0.ups.0": (64, 28),
    "depth.0.ups.1": (32, 56),
    "depth.0.ups.2": (16, 112),
    "depth.0.ups.3": (16, 224),
    "depth.1": (1, 224),
}


def test_parameters_are_those_of_the_table() -> None:
    model = DualUNet()
    assert count(model) == 2_161_666
    assert count(model.stem) == 3_264
    for branch in (model.mask, model.depth):
        assert counts(branch, BRANCH) == BRANCH
        assert count(branch) == sum(BRANCH.values()) == 1_079_201
    assert layers(model) == 70


def test_every_step_has_its_size() -> None:
    mask_shapes = {name.replace("depth", "mask"): shape for name, shape in SHAPES.items()}
    for shapes in (SHAPES, mask_shapes):
        assert part_shapes(DualUNet(), shapes, 224) == shapes


def test_a_fifth_is_dropped_before_every_relu() -> None:
    modules = list(DualUNet().modules())
    relus = [at for at, module in enumerate(modules) if isinstance(module, nn.ReLU)]
    assert len(relus) == 34
    for at in relus:
        before = modules[at - 1]
        assert isinstance(before, nn.Dropout) and before.p == 0.2


def test_mask_and_depth_share_only_the_stem() -> None:
    model = DualUNet()
    assert reached(model, 0) == {"stem", "mask"}
    assert reached(model, 1) == {"stem", "depth"}


def test_the_background_comes_first() -> None:
    pair = random_pair(32, 48)
    assert torch.equal(given_to(DualUNet(), "stem", pair), torch.cat(pair, dim=1))
