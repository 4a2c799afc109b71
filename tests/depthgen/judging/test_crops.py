import numpy as np
import pytest

from data_manifest.errors import SourceError, UsageError
from depthgen.judging.crops import CAPS, CROPS, Cap, cut, find_cap, judged_region, window


def box(crop, shape) -> tuple[int, int, int, int]:
    rows, columns = window(crop, shape)
    return rows.start, rows.stop, columns.start, columns.stop


def test_windows_are_those_of_the_published_evaluations() -> None:
    assert box("none", (480, 640)) == (0, 480, 0, 640)
    assert box("nyu", (480, 640)) == (45, 471, 41, 601)
    assert box("garg", (375, 1242)) == (153, 371, 44, 1197)
    assert box("eigen", (375, 1242)) == (124, 342, 44, 1197)
    assert box("kitti_benchmark+garg", (352, 1216)) == box("garg", (352, 1216))


def test_the_border_of_nyu_scales_with_the_picture() -> None:
    assert box("nyu", (960, 1280)) == (90, 942, 82, 1202)
    assert box("nyu", (240, 320)) == (22, 235, 20, 300)


def test_the_benchmark_is_cut_first_at_the_bottom_and_centred(motorcycle) -> None:
    frame = np.dstack([*np.indices((375, 1242)), np.zeros((375, 1242), int)])
    kept = cut("kitti_benchmark+garg", frame)
    assert kept.shape == (352, 1216, 3)
    assert kept[0, 0].tolist() == [23, 13, 0]
    assert kept[-1, -1].tolist() == [374, 1228, 0]
    assert cut("kitti_benchmark", frame[..., 0]).shape == (352, 1216)
    for crop in ("none", "nyu", "garg", "eigen"):
        assert cut(crop, motorcycle.rgb) is motorcycle.rgb
    with pytest.raises(SourceError, match="741 x 500 is less than the benchmark's 1216 x 352"):
        cut("kitti_benchmark", motorcycle.rgb)


@pytest.mark.parametrize("crop", [crop for crop in CROPS if "kitti" not in crop])
def test_what_is_judged_is_known_within_the_window_and_strictly_the_cap(motorcycle, crop) -> None:
    true = motorcycle.true_m
    low, high = np.sort(true[true > 2.5])[[0, -1000]]
    region = judged_region(true, crop, Cap(float(low), float(high)))
    top, bottom, left, right = box(crop, true.shape)
    rows, columns = np.indices(true.shape)
    expected = (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)
    expected &= (true > low) & (true < high)
    assert np.array_equal(region, expected)
    assert 0 < region.sum() < (true > 0).sum()


def test_unknown_depth_is_never_judged() -> None:
    true = np.array([[0, np.nan, np.inf, -1, 5]], np.float32)
    assert judged_region(true, "none", CAPS["nyu"]).tolist() == [[False] * 4 + [True]]


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (2, 30)])
def test_a_map_of_few_pixels_may_have_none_to_judge(shape) -> None:
    region = judged_region(np.ones(shape, np.float32), "garg", CAPS["kitti"])
    assert region.shape == shape
    if shape != (2, 30):
        assert not region.any()


def test_caps_have_names_or_are_numbers() -> None:
    assert find_cap("nyu") == (1e-3, 10)
    assert find_cap("kitti") == (1e-3, 80)
    assert find_cap((0.5, 20)) == Cap(0.5, 20)
    with pytest.raises(UsageError, match="no cap 'moon'; choose from nyu, kitti"):
        find_cap("moon")
    for numbers in ((0, 10), (5, 5), (10, 1), (1, float("inf")), (float("nan"), 1)):
        with pytest.raises(UsageError, match="holds no depth"):
            find_cap(numbers)


def test_an_unknown_crop_is_a_sentence() -> None:
    for crop in ("middle", "garg+nyu", ""):
        with pytest.raises(UsageError, match="There is no crop"):
            window(crop, (10, 10))
