"""The model, layer for layer, as its authors' table gives it."""

import torch
from torch import nn

from tests.train.models.anatomy import count, counts, layers, part_shapes
from train.data.batch import Batch
from train.losses.expression import parse
from train.losses.names import MDEAS as MDEAS_LOSS
from train.losses.total import Losses
from train.models.earlier.mdeas import MDEAS, Dense, Pointwise, stem

# name in our module -> parameters in the table
TABLE = {
    "bg_stem": 10_208,
    "fg_bg_stem": 10_208,
    "encoder.0": 23_360,
    "encoder.1": 87_680,
    "encoder.2": 272_896,
    "depth_decoder.0": 272_896,
    "depth_decoder.1": 239_744,
    "depth_decoder.2": 70_912,
    "depth_decoder.3": 6_560,
    "depth_head": 17,
    "mask_decoder.0": 70_912,
    "mask_decoder.1": 70_912,
    "mask_decoder.2": 62_528,
    "mask_decoder.3": 19_072,
    "mask_head": 17,
}
SHARED_BOTTOM = 303_104  # the dilated block and the two pointwise layers after it

# what a step gives at 224 x 224: channels and side
SHAPES = {
    "bg_stem": (32, 112),
    "fg_bg_stem": (32, 112),
    "encoder.0": (128, 112),
    "encoder.1": (256, 56),
    "encoder.2": (256, 28),
    "dilated": (512, 14),
    "to_mask": (128, 14),
    "to_depth": (256, 14),
    "depth_decoder.0": (256, 14),
    "depth_decoder.1": (128, 28),
    "depth_decoder.2": (128, 56),
    "depth_decoder.3": (64, 112),
    "depth_head": (1, 224),
    "mask_decoder.0": (128, 14),
    "mask_decoder.1": (128, 28),
    "mask_decoder.2": (64, 56),
    "mask_decoder.3": (64, 112),
    "mask_head": (1, 224),
}


def test_parameters_are_those_of_the_table() -> None:
    model = MDEAS()
    assert count(model) == 1_521_026
    assert counts(model, TABLE) == TABLE
    bottom = ("dilated", "to_mask", "to_depth")
    assert sum(counts(model, bottom).values()) == SHARED_BOTTOM
    assert layers(model) == 149


def test_every_step_has_the_size_of_the_table() -> None:
    assert part_shapes(MDEAS(), SHAPES, 224) == SHAPES


def test_blocks_follow_the_formula() -> None:
    for inputs, outputs in ((64, 128), (32, 64)):
        expected = 3 * inputs**2 + 39 * inputs + outputs * (inputs + 3)
        assert count(Dense(inputs, outputs)) == expected
    kinds = [type(layer) for layer in Pointwise(8, 8)]
    assert kinds == [nn.Conv2d, nn.ReLU, nn.BatchNorm2d]
    assert [type(layer) for layer in stem()][:3] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]


def test_dense_adds_what_came_before() -> None:
    block = Dense(4, 6).eval()
    x = torch.rand(2, 4, 8, 8)
    with torch.inference_mode():
        one = block.separable[0](x)
        two = block.separable[1](x + one)
        three = block.separable[2](x + one + two)
        assert torch.allclose(block(x), block.out(x + one + two + three), atol=1e-6)


def test_the_background_matters_and_outputs_differ() -> None:
    torch.manual_seed(0)
    model = MDEAS().eval()
    fg_bg, bg, other = (torch.rand(1, 3, 64, 96) for _ in range(3))
    with torch.inference_mode():
        mask, depth = model(bg, fg_bg)
        assert mask.shape == (1, 1, 64, 96)
        assert not torch.equal(mask, depth)
        assert not torch.allclose(mask, model(other, fg_bg)[0])
        assert not torch.allclose(mask, model(bg, other)[0])


def test_one_step_changes_every_parameter() -> None:
    torch.manual_seed(0)
    model = MDEAS()
    before = {name: part.detach().clone() for name, part in model.named_parameters()}
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    true = Batch(
        torch.rand(4, 3, 64, 64),
        torch.rand(4, 3, 64, 64),
        (torch.rand(4, 1, 64, 64) > 0.7).float(),
        torch.rand(4, 1, 64, 64),
    )
    losses = Losses(parse(MDEAS_LOSS["mask"], "mask"), parse(MDEAS_LOSS["depth"], "depth"))
    losses(*model(true.bg, true.fg_bg), true)["loss"].backward()
    optimizer.step()
    unchanged = [n for n, part in model.named_parameters() if torch.equal(part, before[n])]
    assert unchanged == []
