import cv2
import numpy as np
import pytest

from data_manifest.errors import UsageError
from data_manifest.pictures.sheet import GAP, LINE, PAPER
from depthgen.judging.strip import UNKNOWN, ShownPicture, strips


def shown(motorcycle, factor: float = 1.0) -> ShownPicture:
    true = motorcycle.true_m[:240, :250]
    filled = np.where(true > 0, true, 3).astype(np.float32)
    return ShownPicture("motorcycle", motorcycle.rgb[:240, :250], true, filled * factor, true > 0)


def tiles(page: np.ndarray, height: int, width: int, row: int = 0, frame: int | None = None):
    top = GAP + LINE + row * ((frame or height) + LINE + GAP)
    return [
        page[top : top + height, (left := GAP + k * (width + GAP)) : left + width] for k in range(4)
    ]


def test_measured_and_predicted_have_the_same_colours_and_the_unknown_is_grey(motorcycle) -> None:
    one = shown(motorcycle)
    rgb, true, predicted, error = tiles(strips([one]), 240, 250)
    assert np.array_equal(rgb, one.rgb)
    assert np.array_equal(true[one.valid], predicted[one.valid])
    for tile in (true, error):
        assert (tile[~one.valid] == UNKNOWN).all()
    assert (predicted[~one.valid] != UNKNOWN).any(axis=1).all()
    assert len(np.unique(error[one.valid], axis=0)) == 1


@pytest.mark.parametrize("factor", [0.875, 1.0, 1.125, 2.0])
def test_the_colour_of_an_error_is_its_share_of_a_quarter(motorcycle, factor) -> None:
    one = shown(motorcycle, factor)
    level = np.uint8(round(min(abs(factor - 1) / 0.25, 1) * 255))
    colour = cv2.applyColorMap(np.full((1, 1), level), cv2.COLORMAP_TURBO)[0, 0, ::-1]
    error = tiles(strips([one]), 240, 250)[3][one.valid].astype(int)
    assert np.abs(error - colour).max() <= 4


def test_errors_are_seen_and_what_is_no_number_is_grey(motorcycle) -> None:
    one = shown(motorcycle, 1.5)
    one.depth_m[:20] = np.nan
    right, wrong = shown(motorcycle), one
    low = tiles(strips([right]), 240, 250)[3][right.valid][0]
    _, _, predicted, error = tiles(strips([wrong]), 240, 250)
    assert (predicted[:20] == UNKNOWN).all()
    assert (error[:20] == UNKNOWN).all()
    assert (error[20:][one.valid[20:]] != low).any(axis=1).all()


def test_pictures_of_several_sizes_keep_their_proportions(motorcycle) -> None:
    one = shown(motorcycle)
    flat = ShownPicture("flat", *(np.asarray(part)[:60] for part in one[1:]))
    page = strips([one, flat])
    second = tiles(page, 240, 250, row=1)
    assert np.array_equal(second[0][:60], flat.rgb)
    assert (second[0][60:] == PAPER).all()


def test_nothing_known_and_large_pictures(motorcycle) -> None:
    true = motorcycle.true_m
    page = strips(
        [ShownPicture("whole", motorcycle.rgb, true, true + 1, np.zeros(true.shape, bool))]
    )
    assert page.shape[1] == 4 * (256 + GAP) + 2 * GAP
    assert (tiles(page, 173, 256)[1] == UNKNOWN).all()
    with pytest.raises(UsageError, match="no picture to show"):
        strips([])
