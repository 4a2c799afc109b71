"""Colours as they are bent, beside what the formulas say, in float64."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from data_manifest.dataset import Dataset
from train.data.curves import CURVE_VALUES, UNBENT, Curve, bent

Values = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def composites(labelled: Path) -> Tensor:
    """Real composites, (4, 3, 96, 96) uint8 with channels last, all levels of a byte among them."""
    dataset = Dataset(labelled)
    shown = np.stack([dataset[row].fg_bg for row in (0, 20, 40, 60)])
    shown[0].reshape(-1, 3)[:256] = np.arange(256)[:, None]
    return torch.from_numpy(shown).permute(0, 3, 1, 2)


def by_curves(pictures: Tensor, curves: list[Curve]) -> Values:
    written = np.empty((len(curves), CURVE_VALUES), np.float32)
    for curve, values in zip(curves, written, strict=True):
        curve.write(values)
    found = bent(pictures, torch.from_numpy(written))
    assert found.dtype == torch.float32 and found.shape == pictures.shape
    assert found.is_contiguous(memory_format=torch.channels_last)
    return found.permute(0, 2, 3, 1).double().numpy()


def schlick(x: Values, bias: float) -> Values:
    """Schlick 1994, as it is printed there."""
    return x / ((1 / bias - 2) * (1 - x) + 1)


def test_a_curve_is_a_gain_and_schlicks_bias(composites: Tensor) -> None:
    curves = [Curve.drawn(np.random.default_rng(seed), 0.2, 0.2) for seed in range(4)]
    found = by_curves(composites, curves)
    for seed, (picture, after) in enumerate(zip(composites, found, strict=True)):
        *colours, power = np.random.default_rng(seed).uniform(-1, 1, 4)
        x = picture.permute(1, 2, 0).double().numpy() / 255
        brought = np.minimum(x * (1 + 0.2 * np.array(colours)), 1)
        assert np.abs(after - schlick(brought, 0.5 ** (1 + 0.2 * power))).max() < 1e-6
    assert found.min() == 0 and found.max() == 1


def test_middle_grey_goes_where_a_power_takes_it() -> None:
    grey = torch.full((64, 3, 1, 1), 128, dtype=torch.uint8)
    rng = np.random.default_rng(1)
    found = by_curves(grey, [Curve.drawn(rng, 0, 0.2) for _ in range(64)])
    powers = np.log(found[:, 0, 0, 0]) / np.log(128 / 255)
    assert 0.8 <= powers.min() < 0.85 and 1.15 < powers.max() <= 1.2


def test_one_curve_after_another_is_a_curve(composites: Tensor) -> None:
    """Where the first reaches no limit."""
    rng = np.random.default_rng(2)
    darker = Curve(np.array([0.7, 0.8, 0.75]), np.array([-0.1, 0.1, 0.2]))
    others = [Curve.drawn(rng, 0.08, 0.08) for _ in range(4)]
    once = by_curves(composites, [darker.then(other) for other in others])
    x = composites.permute(0, 2, 3, 1).double().numpy() / 255
    first = darker.gain * x / (1 + darker.bend * x)
    assert first.max() < 1
    for number, other in enumerate(others):
        twice = np.minimum(other.gain * first / (1 + other.bend * first), 1)[number]
        assert np.abs(once[number] - twice).max() < 1e-6


def test_a_curve_that_bends_nothing() -> None:
    values = np.empty(CURVE_VALUES, np.float32)
    Curve.drawn(np.random.default_rng(0), 0, 0).write(values)
    assert np.array_equal(values, UNBENT)
