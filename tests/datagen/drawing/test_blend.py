"""Every blend on real pictures, against slow arithmetic or a property that it must have."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from data_manifest.record import Picture, Placement, Size
from datagen.drawing.blend import BLENDS, Look, tint
from datagen.drawing.composite import composite
from datagen.drawing.shadow import cast
from datagen.drawing.warp import Cutout, warp
from datagen.sources.fitting import fit_frame
from datagen.sources.reading import premultiply, read_background, read_cutout


def at(blend: str, x: int = 60, y: int = 70, angle: float = 0) -> Placement:
    return Placement("owl", False, 0.5, angle, x, y, 96, 112, blend)


@pytest.fixture
def owl(pictures: Path) -> Cutout:
    return Cutout.of(read_cutout((pictures / "fgs" / "owl.webp").read_bytes())[0], 112, 60)


@pytest.fixture
def ground(pictures: Path) -> Picture:
    return fit_frame(
        read_background((pictures / "bgs" / "coffee.png").read_bytes()), Size(224, 224), "crop"
    )


@pytest.mark.parametrize("blend", BLENDS)
def test_pixels_far_from_the_foreground_stay(blend: str, owl: Cutout, ground: Picture) -> None:
    fg_bg, mask = composite(ground, [(owl, at(blend))], Look())[:2]
    outside = np.ones((224, 224), bool)
    outside[70:182, 60:156] = False
    assert np.array_equal(fg_bg[outside], ground[outside])
    assert not mask[outside].any() and 2000 < np.count_nonzero(mask) < 96 * 112
    assert set(np.unique(mask)) == {0, 255}


@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("corner", [(-40, -50), (168, 160), (-40, 160), (128, 112)])
def test_every_blend_works_at_the_frames_border(
    blend: str, corner: tuple[int, int], owl: Cutout, ground: Picture
) -> None:
    fg_bg, mask = composite(ground, [(owl, at(blend, *corner))], Look(shadow=0.5))[:2]
    assert fg_bg.shape == (224, 224, 3) and mask.any()
    assert not np.array_equal(fg_bg, ground)


def test_hard_keeps_the_own_colour_and_has_no_soft_edge(owl: Cutout, ground: Picture) -> None:
    placed = warp(owl, at("hard"), 224)
    fg_bg, mask = composite(ground, [(owl, at("hard"))], Look())[:2]
    region, inside = fg_bg[70:182, 60:156], placed[..., 3] >= 128
    assert np.array_equal(region[~inside], ground[70:182, 60:156][~inside])
    straight = placed[..., :3] / np.maximum(placed[..., 3:], 1) * 255
    assert np.abs(region[inside] - straight[inside].clip(0, 255)).max() <= 1
    assert np.array_equal(mask[70:182, 60:156] > 0, inside)


def test_feather_softens_inwards_only(owl: Cutout, ground: Picture) -> None:
    plain, sharp = composite(ground, [(owl, at("alpha"))], Look())[:2]
    soft, mask = composite(ground, [(owl, at("feather"))], Look(feather=8))[:2]
    assert not np.any((mask > 0) & (sharp == 0))
    deep = cv2.erode(sharp, np.ones((25, 25), np.uint8)) > 0
    assert deep.any() and np.abs(soft.astype(int) - plain)[deep].max() <= 4
    outside = cv2.dilate(sharp, np.ones((5, 5), np.uint8)) == 0
    assert np.abs(soft.astype(int) - ground)[outside].max() <= 1


def test_poisson_changes_nothing_where_there_is_nothing_to_change(ground: Picture) -> None:
    """A cut-out of the background itself, at its own place: a shift would be seen."""
    patch = ground[70:182, 60:156]
    disc = np.zeros((112, 96), np.uint8)
    cv2.circle(disc, (48, 56), 40, 255, -1)
    itself = Cutout.of(premultiply(np.dstack([patch, disc])), 112, 112)
    fg_bg, mask = composite(ground, [(itself, at("poisson"))], Look())[:2]
    assert np.count_nonzero(mask) == np.count_nonzero(disc)
    assert np.abs(fg_bg.astype(int) - ground).max() <= 2


def test_poisson_takes_on_the_backgrounds_brightness(owl: Cutout, ground: Picture) -> None:
    dark = (ground // 8).astype(np.uint8)
    plain = composite(dark, [(owl, at("alpha"))], Look())
    joined = composite(dark, [(owl, at("poisson"))], Look())
    inside = plain.mask > 0
    assert joined.fg_bg[inside].mean() < plain.fg_bg[inside].mean() - 20
    assert np.array_equal(joined.mask, plain.mask)
    colours = [np.corrcoef(p.fg_bg[inside].ravel(), plain.fg_bg[inside].ravel()) for p in (joined,)]
    assert colours[0][0, 1] > 0.5


def test_a_shadow_darkens_the_ground_below_and_only_there(owl: Cutout, ground: Picture) -> None:
    canvas = ground.copy()
    cast(canvas, (0, 0), warp(owl, at("alpha"), Size(224, 224))[..., 3], at("alpha"), 0.6)
    change = ground.astype(int) - canvas
    assert change.min() >= 0
    assert (canvas[172:182, 90:126] / np.maximum(ground[172:182, 90:126], 1)).mean() < 0.7
    assert np.array_equal(canvas[:120], ground[:120])


def test_a_shadow_is_not_mask(owl: Cutout, ground: Picture) -> None:
    with_shadow = composite(ground, [(owl, at("alpha"))], Look(shadow=0.8))
    without = composite(ground, [(owl, at("alpha"))], Look())
    assert np.array_equal(with_shadow.mask, without.mask)
    assert not np.array_equal(with_shadow.fg_bg, without.fg_bg)


def test_tint_multiplies_colour_and_keeps_it_premultiplied(owl: Cutout) -> None:
    placed = warp(owl, at("alpha"), Size(224, 224))
    changed = tint(placed, (1.5, 1.0, 0.5))
    assert np.array_equal(changed[..., 3], placed[..., 3])
    assert (changed[..., :3] <= changed[..., 3:]).all()
    exact = np.minimum(placed[..., :3] * np.array([1.5, 1, 0.5]), placed[..., 3:])
    assert np.abs(changed[..., :3] - exact).max() <= 1


@pytest.mark.parametrize("blend", BLENDS)
def test_no_rim_on_the_foregrounds_own_colour_at_any_alpha(blend: str) -> None:
    colour = np.array([37, 180, 221], np.uint8)
    disc = np.zeros((300, 300), np.uint8)
    cv2.circle(disc, (150, 150), 120, 255, -1, cv2.LINE_AA)
    canvas = np.broadcast_to(colour, (224, 224, 3)).copy()
    for opacity in (255, 200, 140):
        matte = (disc * (opacity / 255)).astype(np.uint8)
        straight = np.dstack([np.where(matte[..., None] > 0, colour, 0).astype(np.uint8), matte])
        cutout = Cutout.of(premultiply(straight), 112, 60)
        for angle in (0, 33):
            placement = Placement("f", False, 0.4, angle, 50, 60, 130, 130, blend)
            fg_bg = composite(canvas, [(cutout, placement)], Look()).fg_bg
            assert np.abs(fg_bg.astype(int) - colour).max() <= 3
