"""Compositing against slow, independent references in float64."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from data_manifest.dataset import Dataset
from data_manifest.record import Placement, Size
from datagen.drawing.blend import Look
from datagen.drawing.composite import composite
from datagen.drawing.warp import Cutout, warp
from datagen.sources.fitting import fit_frame
from datagen.sources.reading import premultiply, read_background, read_cutout

Array = npt.NDArray[np.generic]


SIDE = 224


def at(width: int, height: int, x: int = 0, y: int = 0, flip: bool = False) -> Placement:
    return Placement("f", flip, 0.5, 0.0, x, y, width, height, "alpha")


@pytest.fixture
def cutout(pictures: Path) -> Cutout:
    return Cutout.of(read_cutout((pictures / "fgs" / "tree.webp").read_bytes())[0], 120, 30)


@pytest.fixture
def background(pictures: Path) -> Array:
    return fit_frame(
        read_background((pictures / "bgs" / "coffee.png").read_bytes()), Size(SIDE, SIDE), "crop"
    )


def test_levels_halve_and_cover_the_range(cutout: Cutout) -> None:
    sides = [max(level.shape[:2]) for level in cutout.levels]
    assert sides[0] == 120
    assert all(small == pytest.approx(large / 2, abs=1) for large, small in pairwise(sides))
    assert sides[-1] < 60


@pytest.mark.parametrize("longer", [30, 47, 60, 61, 99, 120])
def test_warped_alpha_is_close_to_exact_area_sampling(longer: int, pictures: Path) -> None:
    trimmed, _ = read_cutout((pictures / "fgs" / "tree.webp").read_bytes())
    cutout = Cutout.of(trimmed, 120, 30)
    width = round(longer * trimmed.shape[1] / trimmed.shape[0])
    placed = warp(cutout, at(width, longer), SIDE)
    exact = np.asarray(
        Image.fromarray(trimmed[..., 3]).resize((width, longer), Image.Resampling.BOX)
    )
    agree = (placed[..., 3] >= 128) == (exact >= 128)
    assert agree.mean() > 0.98
    assert abs(placed[..., 3].mean() - exact.mean()) < 1.5


def test_flip_mirrors(cutout: Cutout) -> None:
    plain, flipped = (warp(cutout, at(70, 80, flip=flip), SIDE) for flip in (False, True))
    assert np.array_equal(flipped, plain[:, ::-1])


def test_blending_is_within_one_level_of_exact(cutout: Cutout, background: Array) -> None:
    where = at(90, 100, 60, 124)
    fg_bg = composite(background, [(cutout, where)], Look()).fg_bg
    placed = warp(cutout, where, SIDE).astype(np.float64)
    exact = background.astype(np.float64)
    region = exact[124:224, 60:150]
    region[:] = placed[..., :3] + region * (1 - placed[..., 3:] / 255)
    assert np.abs(fg_bg - np.clip(exact, 0, 255)).max() <= 1
    outside = np.ones(background.shape[:2], bool)
    outside[124:224, 60:150] = False
    assert np.array_equal(fg_bg[outside], background[outside])


def test_the_mask_is_the_placed_alpha_at_the_threshold(cutout: Cutout, background: Array) -> None:
    where = at(90, 100, 134, 0)
    alpha = warp(cutout, where, SIDE)[..., 3]
    for threshold in (1, 128, 255):
        mask = composite(background, [(cutout, where)], Look(threshold)).mask
        expected = np.zeros((224, 224), np.uint8)
        expected[0:100, 134:224] = np.where(alpha >= threshold, 255, 0)
        assert np.array_equal(mask, expected)


def test_no_rim_on_a_background_of_the_foregrounds_own_colour() -> None:
    """Straight-alpha resampling would draw a dark fringe; premultiplied must not."""
    colour = (37, 180, 221)
    disc = np.zeros((300, 300, 4), np.uint8)  # outside, straight colour is black
    cv2.circle(disc, (150, 150), 120, (*colour, 255), -1, cv2.LINE_AA)
    disc[..., :3][disc[..., 3] > 0] = colour
    ground = np.full((224, 224, 3), colour, np.uint8)
    cutout = Cutout.of(premultiply(disc), 134, 40)
    for side in (40, 75, 111, 134):
        fg_bg, mask = composite(ground, [(cutout, at(side, side, 20, 30))], Look())[:2]
        # Eight bits are rounded four times on the way: two levels of 255, which no eye sees.
        assert np.abs(fg_bg.astype(int) - colour).max() <= 2
        assert mask.any()


def test_stored_masks_are_the_placed_alpha(dataset: Path, pictures: Path) -> None:
    """What is in the shards is what the plan says, recomputed from the sources alone."""
    whole = Dataset(dataset)
    for sample in whole[::9]:
        (where,) = sample.record.placements
        trimmed, _ = read_cutout((pictures / "fgs" / f"{where.fg}.webp").read_bytes())
        longest, shortest = (max(1, round(part * 96)) for part in (0.6, 0.4))
        alpha = warp(Cutout.of(trimmed, longest, shortest), where, Size(96, 96))[..., 3]
        expected = np.zeros((96, 96), bool)
        expected[where.y : where.y + where.height, where.x : where.x + where.width] = alpha >= 128
        assert np.array_equal(sample.mask, expected)


def test_outside_the_mask_fg_bg_is_the_background(dataset: Path) -> None:
    for sample in Dataset(dataset)[::23]:
        (where,) = sample.record.placements
        far = np.ones((96, 96), bool)
        far[
            max(where.y - 16, 0) : where.y + where.height + 16,
            max(where.x - 16, 0) : where.x + where.width + 16,
        ] = False
        difference = np.abs(sample.fg_bg.astype(int) - sample.bg)[far]
        assert difference.size == 0 or difference.max() <= 2


def test_raw_codec_keeps_every_pixel(
    make_dataset: Callable[..., Path], pictures: Path, tmp_path: Path
) -> None:
    for sample in Dataset(make_dataset(tmp_path / "raw", codec="raw"))[::20]:
        where = sample.record
        (bg_file,) = (pictures / "bgs").glob(f"{where.bg}.*")
        ground = fit_frame(read_background(bg_file.read_bytes()), Size(96, 96), "crop")
        trimmed, _ = read_cutout((pictures / "fgs" / f"{where.fg}.webp").read_bytes())
        layers = [(Cutout.of(trimmed, 58, 38), *where.placements)]
        fg_bg, mask = composite(ground, layers, Look())[:2]
        assert np.array_equal(sample.bg, ground[..., ::-1])
        assert np.array_equal(sample.fg_bg, fg_bg[..., ::-1])
        assert np.array_equal(sample.mask, mask > 0)
