"""Variations leave labels true, and are drawn from seed, epoch and plan index alone."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from data_manifest.dataset import Dataset
from data_manifest.record import Size
from train.choices import Augment
from train.data import augment
from train.data.augment import vary
from train.data.batch import ReadBatch, Shown, room_for
from train.data.draws import Draw
from train.data.samples import Samples


class Seen(NamedTuple):
    """A sample as a network sees it: (h, w, 3) float32 pictures in [0, 1], and its labels."""

    bg: npt.NDArray[np.float32]
    fg_bg: npt.NDArray[np.float32]
    mask: npt.NDArray[np.bool_]
    depth: npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def stored(labelled: Path) -> Shown:
    """Real samples as they are stored, 96 px."""
    room = room_for(64, Size(96, 96))
    Samples(Dataset(labelled)).read(Draw(np.arange(64), 0, 0, Size(96, 96)), room)
    return room


def varied(
    stored: Shown, how: Augment, seed: int = 0, epoch: int = 0, first: int = 0
) -> list[Seen]:
    shown = Shown(*(part.copy() for part in stored))
    for place in range(len(shown.mask)):
        vary(shown.part(place), how, (seed, epoch, first + place))
    return seen(shown)


def seen(shown: Shown) -> list[Seen]:
    true = ReadBatch.of(shown).as_float()
    pictures = (part.permute(0, 2, 3, 1).numpy() for part in (true.bg, true.fg_bg))
    labels = true.mask[:, 0].numpy() > 0, true.depth[:, 0].numpy()
    return list(map(Seen, *pictures, *labels))


def equal(one: Seen, other: Seen) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_none_leaves_everything(stored: Shown) -> None:
    after = varied(stored, "none")
    assert all(equal(a, b) for a, b in zip(seen(stored), after, strict=True))
    assert np.array_equal(after[7].fg_bg, stored.fg_bg[7].astype(np.float32) / 255)


@pytest.mark.parametrize("how", ["plain", "full"])
def test_labels_move_with_the_pictures_and_change_no_other_way(stored: Shown, how: Augment) -> None:
    mirrored = 0
    for before, after in zip(seen(stored), varied(stored, how), strict=True):
        flipped = not np.array_equal(before.mask, after.mask)
        mirrored += flipped
        mask, depth = (part[:, ::-1] if flipped else part for part in (before.mask, before.depth))
        assert np.array_equal(after.mask, mask) and np.array_equal(after.depth, depth)
        source = before.fg_bg[:, ::-1] if flipped else before.fg_bg
        grey, after_grey = (part.mean(axis=2).ravel() for part in (source, after.fg_bg))
        assert np.corrcoef(grey, after_grey)[0, 1] > 0.95
    assert 16 < mirrored < 48


def test_plain_varies_both_pictures_alike(stored: Shown) -> None:
    after = varied(stored._replace(fg_bg=stored.bg), "plain")
    assert all(np.array_equal(sample.bg, sample.fg_bg) for sample in after)
    pairs = zip(seen(stored), after, strict=True)
    assert sum(np.abs(a.bg.mean() - b.bg.mean()) > 1 / 255 for a, b in pairs) > 32


def test_full_jitters_the_background_alone_and_leaves_three_in_five_as_they_fit(
    stored: Shown,
) -> None:
    apart = [
        255 * float(np.abs(sample.bg - sample.fg_bg).mean())
        for sample in varied(stored._replace(fg_bg=stored.bg), "full")
    ]
    fitting = sum(value == 0 for value in apart)
    assert 28 < fitting < 48
    assert sum(value > 0.5 for value in apart) > 0.9 * (len(apart) - fitting)
    assert max(apart) < 64


def test_shadows_fall_outside_the_mask_and_only_darken(
    stored: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FITS_SHARE", "BG_COLOUR_SHARE", "BG_MOVE_SHARE", "NOISE_SHARE", "GAIN", "GAMMA"):
        monkeypatch.setattr(augment, name, 0.0)
    monkeypatch.setattr(augment, "SHADOW_SHARE", 1.0)
    darkened = 0
    for before, after in zip(seen(stored), varied(stored, "full"), strict=True):
        flipped = not np.array_equal(before.mask, after.mask)
        source = before.fg_bg[:, ::-1] if flipped else before.fg_bg
        change = 255 * (after.fg_bg - source)
        assert change.max() <= 1  # of rounding
        assert np.abs(change[after.mask]).max(initial=0) <= 1
        darkened += change.min() < -8
    assert darkened > 48


def test_what_decides_is_seed_epoch_and_index(stored: Shown) -> None:
    first = varied(stored, "full", 3, 1)
    assert all(equal(a, b) for a, b in zip(first, varied(stored, "full", 3, 1), strict=True))
    for other in (varied(stored, "full", 4, 1), varied(stored, "full", 3, 2)):
        assert sum(equal(a, b) for a, b in zip(first, other, strict=True)) == 0
    shifted = varied(stored, "full", 3, 1, first=1)
    assert sum(equal(a, b) for a, b in zip(first, shifted, strict=True)) == 0
