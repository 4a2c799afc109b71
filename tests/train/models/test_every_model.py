"""What all students have in common, on real pictures."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from data_manifest.dataset import Dataset
from data_manifest.record import Size
from tests.train.models.anatomy import as_batch
from train.models.earlier.dual_unet import DualUNet
from train.models.earlier.mdeas import MDEAS
from train.models.earlier.res_unet import ResUNet
from train.models.earlier.resnet34_unet import ResNet34UNet
from train.models.earlier.resnext_unet import ResNeXtUNet
from train.models.earlier.unet import UNet
from train.models.earlier.w_unet import WUNet
from train.models.layout import Layout
from train.models.student import Student
from train.models.timm_encoder import TimmStudent
from train.models.twin import Twin


class Case(NamedTuple):
    """A student, the side its pictures must be a multiple of, and the smallest side it takes."""

    make: Callable[[], Student]
    multiple: int
    smallest: int


CASES = {
    "mdeas": Case(MDEAS, 16, 16),
    "dual_unet": Case(DualUNet, 1, 16),
    "w_unet": Case(WUNet, 1, 32),
    "unet": Case(UNet, 1, 16),
    "unet_transposed": Case(lambda: UNet(transposed=True), 1, 16),
    "resnet34_unet": Case(ResNet34UNet, 1, 33),
    "res_unet": Case(ResUNet, 16, 16),
    "resnext_unet": Case(ResNeXtUNet, 16, 16),
}
PRETRAINED = {
    "twin": Case(lambda: Twin(Layout(layered=True)), 8, 16),
    "timm": Case(lambda: TimmStudent("tf_efficientnet_lite0", Layout()), 16, 16),
}
"""Those with tests of their own for all else."""
ROWS = (0, 100)  # two samples of unlike backgrounds and foregrounds


@pytest.fixture(params=CASES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def case(name: str) -> Case:
    return (CASES | PRETRAINED)[name]


@pytest.fixture
def model(case: Case) -> Student:
    torch.manual_seed(0)
    return case.make()


@pytest.fixture
def pair(case: Case, dataset: Path) -> tuple[Tensor, Tensor]:
    """bg and fg_bg of two real samples, of odd sides where the student takes any."""
    size = Size(131, 97) if case.multiple == 1 else Size(8 * case.multiple, 6 * case.multiple)
    samples = [Dataset(dataset)[row] for row in ROWS]
    return as_batch([s.bg for s in samples], size), as_batch([s.fg_bg for s in samples], size)


def keep_statistics(model: Student) -> None:
    """Lets every batch norm use in evaluation what it measured in training so far."""
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = None


def gradients(model: Student, pair: tuple[Tensor, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Name and gradient of every parameter after a backward pass of both outputs."""
    model.zero_grad(set_to_none=True)
    mask_logits, depth = model(*pair)
    (mask_logits.square().mean() + depth.square().mean()).backward()
    for name, part in model.named_parameters():
        assert part.grad is not None, name
        yield name, part.grad


@pytest.mark.parametrize("name", CASES | PRETRAINED, indirect=True)
def test_every_parameter_gets_a_gradient(model: Student, pair: tuple[Tensor, Tensor]) -> None:
    """Not zero in evaluation; in training batch norms cancel biases, all but rounding errors."""
    keep_statistics(model)
    for name, gradient in gradients(model.train(), pair):
        assert gradient.isfinite().all(), name
    for name, gradient in gradients(model.eval(), pair):
        assert gradient.isfinite().all() and gradient.any(), name


def test_outputs_are_two_maps_of_both_pictures(model: Student, pair: tuple[Tensor, Tensor]) -> None:
    keep_statistics(model)
    bg, fg_bg = pair
    with torch.inference_mode():
        model.train()(bg, fg_bg)
        mask_logits, depth = model.eval()(bg, fg_bg)
    assert mask_logits.shape == depth.shape == (2, 1, *bg.shape[2:])
    for output in (mask_logits, depth):
        assert output.isfinite().all()
        assert (output.flatten(1).std(dim=1) > 1e-3).all()
    assert not torch.allclose(torch.sigmoid(mask_logits), depth, atol=1e-2)
    for others in ((bg.flip(0), fg_bg), (bg, fg_bg.flip(0))):
        with torch.inference_mode():
            other_mask_logits, other_depth = model(*others)
        assert not torch.allclose(mask_logits, other_mask_logits, atol=1e-3)
        assert not torch.allclose(depth, other_depth, atol=1e-3)


def test_only_mdeas_leaves_depth_unbounded(name: str, model: Student) -> None:
    """A head whose bias or input is far off would leave [0, 1] without a sigmoid."""
    heads = [part for part in model.modules() if isinstance(part, nn.Conv2d)]
    with torch.no_grad():
        for head in heads:
            if head.out_channels == 1:
                head.weight *= 1e4
    bg, fg_bg = torch.rand(2, 2, 3, 64, 64)
    with torch.inference_mode():
        mask_logits, depth = model(bg, fg_bg)
    assert mask_logits.min() < 0 < 1 < mask_logits.max()
    inside = bool((depth >= 0).all() and (depth <= 1).all())
    assert inside == (name != "mdeas")


def fits(model: Student, height: int, width: int) -> bool:
    """Whether outputs have the size of pictures of that size."""
    bg, fg_bg = torch.rand(2, 1, 3, height, width)
    try:
        with torch.inference_mode():
            outputs = model.eval()(bg, fg_bg)
    except RuntimeError:
        return False
    return all(output.shape == (1, 1, height, width) for output in outputs)


def test_sides_must_be_multiples(case: Case, model: Student) -> None:
    assert model.multiple == case.multiple
    for odd in (64 + case.multiple, 64 + 3 * case.multiple):
        assert fits(model, odd, 64) and fits(model, 64, odd)
    for odd in (65, 72):
        assert fits(model, odd, 64) == fits(model, 64, odd) == (case.multiple == 1)


def test_no_side_may_be_smaller(case: Case, model: Student) -> None:
    side = case.smallest
    assert fits(model, side, side) and fits(model, side, 64) and fits(model, 64, side)
    assert not fits(model, side - 1, 64) and not fits(model, 64, side - 1)
    model.train()(*torch.rand(2, 2, 3, side, side))
