"""Variations leave labels true, and are drawn from seed, epoch and plan index alone."""

from pathlib import Path

import numpy as np
import pytest

from data_manifest.dataset import Dataset
from train.choices import Augment
from train.data import augment
from train.data.augment import vary
from train.data.batch import Shown


@pytest.fixture(scope="module")
def stored(labelled: Path) -> list[Shown]:
    """Real samples as they are stored, 96 px."""
    found = []
    for sample in Dataset(labelled)[:64]:
        assert sample.depth is not None
        found.append(Shown(sample.bg, sample.fg_bg, sample.mask, sample.depth))
    return found


def varied(
    stored: list[Shown], how: Augment, seed: int = 0, epoch: int = 0, first: int = 0
) -> list[Shown]:
    copies = [Shown(*(part.copy() for part in shown)) for shown in stored]
    for index, shown in enumerate(copies, first):
        vary(shown, how, (seed, epoch, index))
    return copies


def equal(one: Shown, other: Shown) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_none_leaves_everything(stored: list[Shown]) -> None:
    assert all(equal(a, b) for a, b in zip(stored, varied(stored, "none"), strict=True))


@pytest.mark.parametrize("how", ["plain", "full"])
def test_labels_move_with_the_pictures_and_change_no_other_way(
    stored: list[Shown], how: Augment
) -> None:
    mirrored = 0
    for before, after in zip(stored, varied(stored, how), strict=True):
        flipped = not np.array_equal(before.mask, after.mask)
        mirrored += flipped
        mask, depth = (part[:, ::-1] if flipped else part for part in (before.mask, before.depth))
        assert np.array_equal(after.mask, mask) and np.array_equal(after.depth, depth)
        source = before.fg_bg[:, ::-1] if flipped else before.fg_bg
        grey, after_grey = (part.mean(axis=2).ravel() for part in (source, after.fg_bg))
        assert np.corrcoef(grey, after_grey)[0, 1] > 0.95
    assert 16 < mirrored < 48


def test_plain_varies_both_pictures_alike(stored: list[Shown]) -> None:
    same = [shown._replace(fg_bg=shown.bg) for shown in stored]
    after = varied(same, "plain")
    assert all(np.array_equal(shown.bg, shown.fg_bg) for shown in after)
    assert (
        sum(np.abs(a.bg.mean() - b.bg.mean()) > 1 for a, b in zip(stored, after, strict=True)) > 32
    )


def test_full_jitters_the_background_alone_and_leaves_three_in_five_as_they_fit(
    stored: list[Shown],
) -> None:
    same = [shown._replace(fg_bg=shown.bg) for shown in stored]
    apart = [
        float(np.abs(shown.bg.astype(int) - shown.fg_bg.astype(int)).mean())
        for shown in varied(same, "full")
    ]
    fitting = sum(value == 0 for value in apart)
    assert 28 < fitting < 48
    assert sum(value > 0.5 for value in apart) > 0.9 * (len(apart) - fitting)
    assert max(apart) < 64


def test_shadows_fall_outside_the_mask_and_only_darken(
    stored: list[Shown], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FITS_SHARE", "BG_COLOUR_SHARE", "BG_MOVE_SHARE", "NOISE_SHARE", "GAIN", "GAMMA"):
        monkeypatch.setattr(augment, name, 0.0)
    monkeypatch.setattr(augment, "SHADOW_SHARE", 1.0)
    darkened = 0
    for before, after in zip(stored, varied(stored, "full"), strict=True):
        flipped = not np.array_equal(before.mask, after.mask)
        source = before.fg_bg[:, ::-1] if flipped else before.fg_bg
        change = after.fg_bg.astype(int) - source
        assert change.max() <= 1  # of rounding
        assert np.abs(change[after.mask]).max(initial=0) <= 1
        darkened += change.min() < -8
    assert darkened > 48


def test_what_decides_is_seed_epoch_and_index(stored: list[Shown]) -> None:
    first = varied(stored, "full", 3, 1)
    assert all(equal(a, b) for a, b in zip(first, varied(stored, "full", 3, 1), strict=True))
    for other in (varied(stored, "full", 4, 1), varied(stored, "full", 3, 2)):
        assert sum(equal(a, b) for a, b in zip(first, other, strict=True)) == 0
    shifted = varied(stored, "full", 3, 1, first=1)
    assert sum(equal(a, b) for a, b in zip(first, shifted, strict=True)) == 0
