from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_manifest.errors import UsageError
from data_manifest.record import Picture, Size
from depthgen.judging.pasting import SCALES, paste, patch, read_cutouts, stencil, stencils

FRAME = Size(160, 120)


@pytest.fixture(scope="module")
def cutouts(pictures: Path) -> list[Picture]:
    """Seven real ones, (h, w, 4)."""
    return read_cutouts(pictures / "fgs", quiet=True)


@pytest.fixture(scope="module")
def bg(pictures: Path) -> Picture:
    with Image.open(pictures / "bgs" / "coffee.png") as image:
        return np.asarray(image.convert("RGB").resize(FRAME))


def drawn(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def box(alpha: Picture) -> tuple[int, int, int, int]:
    """Top, left, height and width of what isn't 0."""
    rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
    top, left = int(rows[0]), int(columns[0])
    return top, left, int(rows[-1]) + 1 - top, int(columns[-1]) + 1 - left


def test_cutouts_are_read_with_their_alpha(cutouts: list[Picture], pictures: Path) -> None:
    paths = sorted((pictures / "fgs").iterdir())
    assert len(cutouts) == len(paths) == 7
    for cutout, path in zip(cutouts, paths, strict=True):
        with Image.open(path) as image:
            assert np.array_equal(cutout, np.asarray(image.convert("RGBA")))


def test_what_is_no_cutout_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    Image.new("RGB", (9, 9)).save(tmp_path / "opaque.png")
    Image.new("RGBA", (9, 7), (1, 2, 3, 128)).save(tmp_path / "z.png")
    (only,) = read_cutouts(tmp_path, quiet=True)
    assert only.shape == (7, 9, 4)
    (tmp_path / "z.png").unlink()
    with pytest.raises(UsageError, match="holds no cut-out that can be read"):
        read_cutouts(tmp_path, quiet=True)
    with pytest.raises(UsageError, match=r"There is no folder .*nowhere; give one of cut-outs"):
        read_cutouts(tmp_path / "nowhere", quiet=True)


@pytest.mark.parametrize("shape", [(30, 50), (50, 30), (40, 40), (1, 80), (300, 2)])
def test_a_stencil_has_the_cutouts_proportions_and_a_drawn_scale(shape: tuple[int, int]) -> None:
    cutout, draw = np.full((*shape, 4), 255, np.uint8), drawn()
    sides, tops, lefts = [], [], []
    for _ in range(100):
        found = stencil(cutout, FRAME, draw)
        assert found.shape == (120, 160, 4) and found.dtype == np.uint8
        top, left, height, width = box(found[..., 3])
        assert (found[top : top + height, left : left + width] == 255).all()
        side = max(height, width)
        assert height == pytest.approx(max(side * shape[0] / max(shape), 1), abs=1)
        assert width == pytest.approx(max(side * shape[1] / max(shape), 1), abs=1)
        sides.append(side / FRAME.shorter)
        tops.append(top / (120 - height))
        lefts.append(left / (160 - width))
    assert SCALES[0] - 0.01 <= min(sides) < 0.45 and 0.55 < max(sides) <= SCALES[1] + 0.01
    for places in (tops, lefts):
        assert 0 <= min(places) < 0.1 and 0.9 < max(places) <= 1


def test_a_soft_edge_keeps_its_colour() -> None:
    """Whatever colour lies where nothing is to be seen."""
    cutout = np.zeros((60, 60, 4), np.uint8)
    cutout[10:50, 10:50] = (200, 100, 50, 255)
    cutout[..., :3][cutout[..., 3] == 0] = (0, 255, 0)
    found = stencil(cutout, FRAME, drawn())
    seen = found[found[..., 3] > 3]
    assert np.abs(seen[:, :3].astype(int) - (200, 100, 50)).max() <= 1
    assert len(np.unique(seen[:, 3])) > 1


def test_a_paste_is_the_mix_by_alpha_pixel_by_pixel(cutouts: list[Picture], bg: Picture) -> None:
    fg = stencil(cutouts[1], FRAME, drawn(3))
    found = paste(bg, fg)
    assert found.fg_bg.dtype == np.uint8 and found.mask.dtype == np.bool_
    for y in range(0, 120, 3):
        for x in range(160):
            alpha = int(fg[y, x, 3]) / 255
            for channel in range(3):
                mixed = int(bg[y, x, channel]) * (1 - alpha) + int(fg[y, x, channel]) * alpha
                assert abs(int(found.fg_bg[y, x, channel]) - mixed) <= 0.5001
            assert found.mask[y, x] == (fg[y, x, 3] >= 128)
    clear = fg[..., 3] == 0
    assert np.array_equal(found.fg_bg[clear], bg[clear])
    assert 0 < np.count_nonzero(found.mask) < found.mask.size


def test_a_patch_is_the_other_picture_where_the_mask_is(
    cutouts: list[Picture], bg: Picture
) -> None:
    other = bg[::-1].copy()
    for seed, cutout in enumerate(cutouts):
        shape = stencil(cutout, FRAME, drawn(seed))
        found = paste(bg, patch(other, shape))
        mask = shape[..., 3] >= 128
        assert np.array_equal(found.mask, mask)
        assert np.array_equal(found.fg_bg, np.where(mask[..., None], other, bg))


def test_a_stencil_of_nothing_pastes_nothing(bg: Picture) -> None:
    found = paste(bg, stencil(np.zeros((20, 20, 4), np.uint8), FRAME, drawn()))
    assert np.array_equal(found.fg_bg, bg) and not found.mask.any()


def test_the_same_seed_gives_the_same_stencils(cutouts: list[Picture]) -> None:
    one, again, other = (stencils(cutouts, 5, FRAME, seed) for seed in ((1, 2), (1, 2), (2, 1)))
    assert len(one) == 5
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_cutouts_take_turns() -> None:
    plain = [np.full((8, 8, 4), grey, np.uint8) for grey in (150, 200, 255)]
    found = [int(one.max()) for one in stencils(plain, 7, FRAME, (0,))]
    assert sorted(found[:3]) == [150, 200, 255]
    assert found[3:6] == found[:3] and found[6] == found[0]
    assert stencils(plain, 0, FRAME, (0,)) == []
