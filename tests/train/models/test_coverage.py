"""Colours tell how much of a pixel is covered, also where the background doesn't quite fit."""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from data_manifest.dataset import Dataset
from data_manifest.record import Size
from tests.train.models.anatomy import as_batch
from train.models.coverage import coverage

RED = torch.tensor([0.9, 0.1, 0.1]).reshape(1, 3, 1, 1)


@pytest.fixture
def bg(dataset: Path) -> Tensor:
    """A real photo, (1, 3, 96, 96)."""
    return as_batch([Dataset(dataset)[7].bg], Size(96, 96))


@pytest.fixture
def disc() -> Tensor:
    """How much a disc covers, (1, 1, 96, 96); its edge is three pixels wide."""
    y, x = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
    return (0.5 + (30 - (x - 45).hypot(y - 50)) / 3).clamp(0, 1)[None, None]


def edge(covered: Tensor) -> Tensor:
    return (covered > 0) & (covered < 1)


def test_says_how_much_a_blended_pixel_is_covered(bg: Tensor, disc: Tensor) -> None:
    blended = disc * RED + (1 - disc) * bg
    unsure = F.avg_pool2d(disc, 5, 1, 2)
    shares, contrasts = coverage(bg, blended, unsure)
    clear = edge(disc) & (contrasts[:, :1] > -2)
    assert clear.sum() > 200
    error = (shares - disc).abs()
    assert error[:, :1][clear].mean() < 0.05 < (unsure - disc).abs()[clear].mean()
    assert shares[:, :1][disc == 0].abs().max() == 0


def test_a_background_of_another_brightness_changes_the_first_share_alone(
    bg: Tensor, disc: Tensor
) -> None:
    blended = disc * RED + (1 - disc) * bg
    shares, _ = coverage(bg, blended, disc)
    brighter, _ = coverage(bg + 0.1, blended, disc)
    assert torch.allclose(brighter[:, 1], shares[:, 1], atol=1e-3)
    off = (brighter - shares).abs()[:, :1]
    assert off[edge(disc)].mean() > 0.05


def test_of_real_composites_it_knows_edges_better_than_who_draws_them_a_pixel_off(
    dataset: Path,
) -> None:
    samples = [Dataset(dataset)[row] for row in range(0, 140, 5)]
    size = Size(96, 96)
    bg, fg_bg = (as_batch([getattr(s, name) for s in samples], size) for name in ("bg", "fg_bg"))
    mask = torch.stack([torch.from_numpy(s.mask) for s in samples])[:, None].float()
    larger, smaller = F.max_pool2d(mask, 3, 1, 1), 1 - F.max_pool2d(1 - mask, 3, 1, 1)
    for drawn in (larger, smaller):
        shares, contrasts = coverage(bg, fg_bg, F.avg_pool2d(drawn, 3, 1, 1))
        wrong = (drawn != mask) & (contrasts > -2)
        assert wrong.sum() > 1000
        agrees = ((shares > 0.5) == (mask > 0.5)).float()
        assert agrees[wrong].mean() > 0.8


def test_where_nothing_is_sure_or_differs_it_is_finite(bg: Tensor) -> None:
    for probability in (0.0, 0.5, 1.0):
        shares, contrasts = coverage(bg, bg, torch.full_like(bg[:, :1], probability))
        assert shares.isfinite().all() and contrasts.isfinite().all()
        assert shares.abs().max() <= 2


def test_pictures_of_odd_sides(bg: Tensor, disc: Tensor) -> None:
    shares, contrasts = coverage(bg[..., :91, :], bg[..., :91, :], disc[..., :91, :])
    assert shares.shape == contrasts.shape == (1, 2, 91, 96)
