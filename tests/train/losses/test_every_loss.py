"""Each loss and its gradient against plain numpy, on real pictures."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.train.losses import reference
from tests.train.losses.scene import Scene
from train.losses import names
from train.losses.depth import DEPTH_LOSSES
from train.losses.mask import MASK_LOSSES, Loss

EVERY = [("mask", name) for name in names.MASK] + [("depth", name) for name in names.DEPTH]
NOT_ZERO = {("depth", "bce")}  # depth isn't 0 or 1
every_loss = pytest.mark.parametrize(("task", "name"), EVERY)


def loss_of(task: str, name: str) -> Loss:
    return {"mask": MASK_LOSSES, "depth": DEPTH_LOSSES}[task][name]


def pair(scene: Scene, task: str) -> tuple[Tensor, Tensor]:
    """What is predicted and what is true."""
    if task == "mask":
        return scene.logits, scene.true.mask
    return scene.depth, scene.true.depth


def test_every_name_has_a_loss_and_a_reference() -> None:
    assert list(MASK_LOSSES) == list(names.MASK)
    assert list(DEPTH_LOSSES) == list(names.DEPTH)
    assert set(reference.MASK) == set(names.MASK)
    assert set(reference.DEPTH) == set(names.DEPTH)


@every_loss
def test_a_loss_equals_its_reference(task: str, name: str, scene: Scene) -> None:
    predicted, true = pair(scene.double(), task)
    expected = {"mask": reference.MASK, "depth": reference.DEPTH}[task][name]
    found = loss_of(task, name)(predicted, true)
    assert found.shape == (len(true),) and found.dtype == torch.float64
    for value, p, t in zip(found, predicted.numpy(), true.numpy(), strict=True):
        assert float(value) == pytest.approx(expected(p[0], t[0]), abs=1e-9)
    single = loss_of(task, name)(*pair(scene, task))
    assert single.dtype == torch.float32
    assert torch.allclose(single.double(), found, rtol=1e-4, atol=1e-6)


@every_loss
def test_a_gradient_equals_differences_of_the_reference(task: str, name: str, scene: Scene) -> None:
    predicted, true = pair(scene.double().crop(), task)
    predicted.requires_grad_()
    loss_of(task, name)(predicted, true).sum().backward()
    assert predicted.grad is not None
    expected = {"mask": reference.MASK, "depth": reference.DEPTH}[task][name]
    pixels = np.arange(3, true[0].numel(), 17)
    for slopes, p, t in zip(
        predicted.grad.numpy(), predicted.detach().numpy(), true.numpy(), strict=True
    ):
        differences = reference.gradient(expected, p[0], t[0], pixels)
        largest = np.abs(slopes).max()
        assert largest > 0
        assert np.abs(slopes.flat[pixels] - differences).max() < 1e-6 * max(largest, 1)
        assert np.abs(slopes.flat[pixels] - differences).max() < 1e-5 * largest


@every_loss
def test_a_loss_does_not_depend_on_how_a_batch_is_divided(
    task: str, name: str, scene: Scene
) -> None:
    loss = loss_of(task, name)
    whole = loss(*pair(scene.double(), task))
    parts = [
        loss(*pair(scene.double().part(cut), task))
        for cut in (slice(0, 3), slice(3, 4), slice(4, 8))
    ]
    assert torch.allclose(torch.cat(parts), whole, rtol=1e-12, atol=0)


@every_loss
def test_the_truth_is_best_and_has_a_finite_gradient(task: str, name: str, scene: Scene) -> None:
    predicted, true = pair(scene, task)
    exact = ((true * 2 - 1) * 40 if task == "mask" else true).clone().requires_grad_()
    values = loss_of(task, name)(exact, true)
    values.sum().backward()
    assert exact.grad is not None and bool(exact.grad.isfinite().all())
    assert bool((values < loss_of(task, name)(predicted, true)).all())
    if (task, name) not in NOT_ZERO:
        assert float(values.detach().abs().max()) < 6e-3  # roots have a floor


@every_loss
def test_flat_answers_have_a_finite_gradient(task: str, name: str, scene: Scene) -> None:
    true = torch.cat([pair(scene, task)[1], torch.zeros(1, 1, 96, 96), torch.ones(1, 1, 96, 96)])
    for level in (-40.0, 0.0, 0.3, 1.0, 40.0):
        flat = torch.full_like(true, level).requires_grad_()
        values = loss_of(task, name)(flat, true)
        values.sum().backward()
        assert flat.grad is not None
        assert bool(values.isfinite().all()) and bool(flat.grad.isfinite().all())


@pytest.mark.parametrize("name", ["dice", "iou", "tversky"])
def test_an_empty_mask_is_answered_by_an_empty_mask(name: str) -> None:
    true = torch.zeros(2, 1, 16, 16)
    assert float(MASK_LOSSES[name](true - 40, true).max()) == 0
    assert float(MASK_LOSSES[name](true + 40, true).min()) > 0.99


def test_depth_losses_that_scale_and_shift_count_nothing_in(scene: Scene) -> None:
    predicted, true = pair(scene.double(), "depth")
    for name in ("ssi", "ssi_trimmed", "ssigrad"):
        before = DEPTH_LOSSES[name](predicted, true)
        assert torch.allclose(DEPTH_LOSSES[name](0.3 * predicted + 7, true), before, rtol=1e-4)
    for p, t, value in zip(
        predicted.numpy(), true.numpy(), DEPTH_LOSSES["ssi"](predicted, true), strict=True
    ):
        columns = np.stack([p.ravel(), np.ones(p.size)], axis=1)
        best, *_ = np.linalg.lstsq(columns, t.ravel())
        assert float(value) == pytest.approx(np.abs(columns @ best - t.ravel()).mean(), rel=1e-5)


def test_a_common_factor_counts_little_in_silog(scene: Scene) -> None:
    true = scene.true.depth.double().clamp(min=0.05) / 4
    factor = math.log(2)
    found = DEPTH_LOSSES["silog"](2 * true, true)
    assert torch.allclose(found, torch.full_like(found, math.sqrt(0.15 * factor**2 + 1e-6)))
