"""What is looked at again are the least sure pixels, and how engines round makes no difference."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from data_manifest.dataset import Dataset
from data_manifest.record import Size
from tests.train.models.anatomy import as_batch, count
from train.models.refiner import LIMIT, SHARE, SIDE, Refiner, patches_around

PIXELS = 96 * 96


@pytest.fixture
def pair(dataset: Path) -> tuple[Tensor, Tensor]:
    """Two real pairs, (2, 3, 96, 96) each."""
    samples = [Dataset(dataset)[row] for row in (7, 100)]
    size = Size(96, 96)
    return as_batch([s.bg for s in samples], size), as_batch([s.fg_bg for s in samples], size)


@pytest.fixture
def logits(pair: tuple[Tensor, Tensor]) -> Tensor:
    """As if differences of colours were all that a student goes by."""
    difference = (pair[1] - pair[0]).abs().mean(1, keepdim=True)
    return 20 * difference - 1 + torch.linspace(0, 1e-3, PIXELS).reshape(1, 1, 96, 96)


@pytest.fixture
def refiner() -> Refiner:
    """As if it had learnt: its corrections are large."""
    torch.manual_seed(0)
    refiner = Refiner()
    nn.init.normal_(refiner.last.weight, mean=0.5)
    return refiner.eval().requires_grad_(False)


def test_count() -> None:
    assert count(Refiner()) == (7 * 7 * 12 + 3 + 2 + 1) * 64 + 65 * 32 + 33


def test_corrects_the_least_sure_pixels_alone(
    refiner: Refiner, pair: tuple[Tensor, Tensor], logits: Tensor
) -> None:
    changed = (refiner(*pair, logits) != logits).flatten(1)
    for row, sureness in zip(changed, logits.abs().flatten(1), strict=True):
        assert int(row.sum()) == PIXELS // SHARE - 1  # the surest of the chosen isn't changed
        assert sureness[row].max() < sureness[~row].min()


def test_untrained_it_changes_next_to_nothing(pair: tuple[Tensor, Tensor], logits: Tensor) -> None:
    change = (Refiner()(*pair, logits) - logits).abs().max()
    assert 0 < change < 0.02


def test_which_of_two_equally_sure_pixels_is_chosen_makes_no_difference(
    refiner: Refiner, pair: tuple[Tensor, Tensor], logits: Tensor
) -> None:
    order = logits[0].flatten().abs().argsort().tolist()
    last, next_one = order[PIXELS // SHARE - 1 : PIXELS // SHARE + 1]
    flat = logits.flatten(1).clone()
    flat[0, last] = flat[0, last].sign() * flat[0, next_one].abs() * (1 + 1e-6)
    rounded = flat.reshape(logits.shape)
    rounding = (rounded - logits).abs().max()
    assert 0 < rounding < 1e-3
    refined = refiner(*pair, logits)
    assert 1 < (refined - logits).abs().max() < LIMIT
    assert (refiner(*pair, rounded) - refined).abs().max() < 20 * rounding


def test_equally_sure_everywhere_stays_so(refiner: Refiner, pair: tuple[Tensor, Tensor]) -> None:
    logits = torch.full((2, 1, 96, 96), -5.0)
    assert torch.equal(refiner(*pair, logits), logits)
    assert refiner(*pair, 0 * logits).isfinite().all()


def test_patches_are_what_lies_around_a_pixel(pair: tuple[Tensor, Tensor]) -> None:
    planes = torch.cat(pair, dim=1)[:, :, :64]  # wider than high
    at = torch.tensor([[0, 95, 96 * 30 + 17], [96 * 63, 96 * 64 - 1, 96 * 2 + 40]])
    found = patches_around(at, planes).reshape(2, 3, SIDE, SIDE, 6)
    edge = SIDE // 2
    padded = np.pad(planes.numpy(), ((0, 0), (0, 0), (edge, edge), (edge, edge)), mode="edge")
    for sample in range(2):
        for patch, pixel in zip(found[sample], at[sample].tolist(), strict=True):
            y, x = divmod(pixel, 96)
            expected = padded[sample, :, y : y + SIDE, x : x + SIDE].transpose(1, 2, 0)
            assert np.array_equal(patch.numpy(), expected)
