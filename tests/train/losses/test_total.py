import math

import numpy as np
import pytest
import torch

from tests.train.losses import reference
from tests.train.losses.scene import Scene
from train.losses.expression import parse
from train.losses.names import MDEAS
from train.losses.total import Losses


def mdeas_losses() -> Losses:
    return Losses(parse(MDEAS["mask"], "mask"), parse(MDEAS["depth"], "depth"))


def mdeas(scene: Scene) -> float:
    """MDEAS's composite in float64, from its weights alone."""
    total = 0.0
    for logits, mask, depth, true in zip(
        *(part.double()[:, 0].numpy() for part in (scene.logits, scene.true.mask)),
        *(part.double()[:, 0].numpy() for part in (scene.depth, scene.true.depth)),
        strict=True,
    ):
        probability = reference.sigmoid(logits)
        total += 2.0 * (1 - reference.ssim_map(depth, true, 11, "constant").mean())
        total += 0.4 * (1 - reference.ssim_map(probability, mask, 11, "constant").mean())
        total += 0.1 * np.square(depth - true).mean() + np.square(probability - mask).mean()
        total += 1e-6 * (np.abs(depth - true).mean() + np.abs(probability - mask).mean())
    return total / len(scene.logits)


def test_mdeas_composite_equals_an_independent_computation(scene: Scene) -> None:
    exact = mdeas_losses()(scene.logits.double(), scene.depth.double(), scene.double().true)
    assert float(exact["loss"]) == pytest.approx(mdeas(scene), rel=1e-9)
    single = mdeas_losses()(scene.logits, scene.depth, scene.true)
    assert single["loss"].dtype == torch.float32 and single["loss"].shape == ()
    assert float(single["loss"]) == pytest.approx(mdeas(scene), rel=1e-5)
    assert list(single) == [
        "loss", "mask/mse", "mask/ssim", "mask/l1", "depth/ssim", "depth/mse", "depth/l1",
    ]  # fmt: skip
    perfect = mdeas_losses()((scene.true.mask * 2 - 1) * 50, scene.true.depth, scene.true)
    assert float(perfect["loss"]) == pytest.approx(0, abs=1e-5)


def test_parts_are_unweighted_and_without_gradient(scene: Scene) -> None:
    losses = Losses(parse("bce + 2*dice", "mask"), parse("0.5*grad + silog", "depth"))
    logits, depth = scene.logits.clone().requires_grad_(), scene.depth.clone().requires_grad_()
    found = losses(logits, depth, scene.true)
    parts = {name: float(value.detach()) for name, value in found.items()}
    total = parts["mask/bce"] + 2 * parts["mask/dice"] + 0.5 * parts["depth/grad"]
    assert parts["loss"] == pytest.approx(total + parts["depth/silog"], rel=1e-6)
    assert [name for name, value in found.items() if value.requires_grad] == ["loss"]
    found["loss"].backward()
    assert logits.grad is not None and depth.grad is not None
    assert list(losses.parameters()) == []


def test_batches_may_be_divided(scene: Scene) -> None:
    losses, doubled = mdeas_losses(), scene.double()
    whole = losses(doubled.logits, doubled.depth, doubled.true)["loss"]
    parts = [doubled.part(slice(0, 3)), doubled.part(slice(3, 8))]
    divided = sum(
        len(p.depth) / 8 * float(losses(p.logits, p.depth, p.true)["loss"]) for p in parts
    )
    assert divided == pytest.approx(float(whole), rel=1e-12)


def test_losses_are_in_float32_whatever_autocast_does(scene: Scene) -> None:
    losses = Losses(parse("bce + focal + ssim", "mask"), parse("ssim + ssi + bce", "depth"))
    expected = losses(scene.logits, scene.depth, scene.true)
    with torch.autocast("cpu", torch.bfloat16):
        found = losses(scene.logits, scene.depth, scene.true)
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    half = losses(scene.logits.bfloat16(), scene.depth.bfloat16(), scene.true)
    assert {value.dtype for value in half.values()} == {torch.float32}


def test_learned_weights_begin_at_one_and_find_their_balance(scene: Scene) -> None:
    plain = mdeas_losses()(scene.logits, scene.depth, scene.true)
    losses = Losses(parse("bce", "mask"), parse("l1", "depth"), learned=True)
    first = losses(scene.logits, scene.depth, scene.true)
    part = {
        task: float(first[name]) for task, name in (("mask", "mask/bce"), ("depth", "depth/l1"))
    }
    assert float(first["loss"].detach()) == pytest.approx(sum(part.values()), rel=1e-6)
    assert (float(first["mask/weight"]), float(first["depth/weight"])) == (1, 1)
    assert "mask/weight" not in plain
    assert len(list(losses.parameters())) == 2
    optimizer = torch.optim.LBFGS(losses.parameters(), lr=0.5, max_iter=100)

    def closure() -> float:
        optimizer.zero_grad()
        loss = losses(scene.logits, scene.depth, scene.true)["loss"]
        loss.backward()
        return float(loss.detach())

    optimizer.step(closure)
    last = losses(scene.logits, scene.depth, scene.true)
    for task, value in part.items():
        assert float(last[f"{task}/weight"]) == pytest.approx(1 / value, rel=1e-3)
    assert float(last["loss"].detach()) == pytest.approx(
        sum(1 + math.log(v) for v in part.values()), rel=1e-4
    )


def test_learned_weights_are_kept_in_a_state_dict(scene: Scene) -> None:
    losses, other = (
        Losses(parse("bce", "mask"), parse("l1", "depth"), learned=True) for _ in range(2)
    )
    with torch.no_grad():
        for parameter in losses.parameters():
            parameter += 0.7
    other.load_state_dict(losses.state_dict())
    one, two = (each(scene.logits, scene.depth, scene.true) for each in (losses, other))
    assert torch.equal(one["loss"], two["loss"])
    assert float(two["mask/weight"]) == pytest.approx(math.exp(-0.7))
