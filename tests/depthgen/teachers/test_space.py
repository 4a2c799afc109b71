from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import lstsq

from data_manifest.dataset import Dataset
from data_manifest.record import Depth
from depthgen.teachers.space import Space

METRIC, FAR_UP, NEAR_UP = Space(True, True), Space(False, True), Space(False, False)
SPACES = (METRIC, FAR_UP, NEAR_UP)


@pytest.fixture(scope="module")
def depth(labelled: Path) -> Depth:
    """FastDepth's of a real picture, in metres."""
    found = Dataset(labelled)[3].depth
    assert found is not None
    return found


@pytest.fixture(scope="module")
def other(labelled: Path) -> Depth:
    """That of another."""
    found = Dataset(labelled)[90].depth
    assert found is not None
    return found


def in_space(space: Space, depth: Depth) -> Depth:
    """Depth in metres, as a teacher of the space may say it."""
    return depth if space.near_is_small else np.asarray(5 - 3 * depth, np.float32)


@pytest.mark.parametrize("space", SPACES)
def test_the_nearest_are_so_many_percent(space: Space, depth: Depth) -> None:
    values = in_space(space, depth)
    for percent in (0.0, 10.0, 25.0, 60.0, 100.0):
        end = space.nearest(values, percent)
        nearer = [space.is_nearer(float(value), end) for value in values.flat]
        assert np.mean(nearer) == pytest.approx(percent / 100, abs=0.01)
    assert space.nearest(values, 0) == values.flat[np.argmin(depth)]
    assert space.nearest(values, 100) == values.flat[np.argmax(depth)]


@pytest.mark.parametrize("space", SPACES)
def test_the_nearer_of_two_is_the_nearer_one(space: Space, depth: Depth, other: Depth) -> None:
    found = space.nearer_of(in_space(space, depth), in_space(space, other))
    assert np.array_equal(found, in_space(space, np.minimum(depth, other)))
    near, far = (float(in_space(space, np.float32(metres))) for metres in (1, 2))
    assert space.is_nearer(near, far) and not space.is_nearer(far, near)
    assert not space.is_nearer(near, near)


def test_the_unit_is_the_range_of_nine_tenths(depth: Depth) -> None:
    ordered = np.sort(depth.ravel())
    low, high = ordered[round(0.05 * (len(ordered) - 1))], ordered[round(0.95 * (len(ordered) - 1))]
    assert FAR_UP.unit_of(depth) == pytest.approx(high - low, rel=1e-2)
    assert FAR_UP.unit_of(4 * depth + 3) == pytest.approx(4 * FAR_UP.unit_of(depth), rel=1e-5)
    assert NEAR_UP.unit_of(-depth) == pytest.approx(FAR_UP.unit_of(depth), rel=1e-5)
    assert 0 < FAR_UP.unit_of(np.full_like(depth, 7)) < 1e-5


def test_differences_are_shares_where_metric_and_units_elsewhere(depth: Depth) -> None:
    assert METRIC.difference(1.2 * depth, depth, 99) == pytest.approx(np.full_like(depth, 0.2))
    assert METRIC.difference(depth / 2, depth, 99) == pytest.approx(np.full_like(depth, -0.5))
    assert FAR_UP.difference(depth + 3, depth, 2.0) == pytest.approx(np.full_like(depth, 1.5), 1e-5)
    assert NEAR_UP.difference(depth + 3, depth, 2.0) == pytest.approx(
        np.full_like(depth, -1.5), 1e-5
    )


@pytest.mark.parametrize("space", SPACES)
def test_behind_is_positive_in_every_space(space: Space, depth: Depth) -> None:
    values, behind = in_space(space, depth), in_space(space, depth + np.float32(0.5))
    assert (space.difference(behind, values, 1.0) > 0).all()
    assert (space.difference(values, behind, 1.0) < 0).all()


def test_a_depth_of_nothing_is_not_divided_by() -> None:
    nothing = np.zeros(5, np.float32)
    assert np.isfinite(METRIC.difference(nothing + 1, nothing, 1.0)).all()
    scale, shift = METRIC.alignment(np.zeros(40, np.float32), np.zeros(40, np.float32))
    assert (scale > 0, shift) == (True, 0.0)


@pytest.mark.parametrize("count", [32, 33, 60, 1000])
def test_what_was_scaled_and_shifted_is_brought_back_exactly(depth: Depth, count: int) -> None:
    ground = depth.ravel()[:: depth.size // count][:count]
    assert METRIC.alignment(ground * np.float32(1.3), ground) == pytest.approx((1 / 1.3, 0))
    for space in (FAR_UP, NEAR_UP):
        values = in_space(space, ground)
        scale, shift = space.alignment(values * 4 + 7, values)
        assert (scale, shift) == pytest.approx((1 / 4, -7 / 4), rel=1e-4)


@pytest.mark.parametrize("count", [32, 50, 9216])
def test_relative_answers_are_aligned_by_least_squares(
    depth: Depth, other: Depth, count: int
) -> None:
    ground = depth.ravel()[:count].astype(np.float64)
    answer = 2 * ground + 0.1 * other.ravel()[:count]
    expected = lstsq(np.stack([answer, np.ones(count)], 1), ground)[0]
    assert FAR_UP.alignment(answer, ground) == pytest.approx(expected.tolist(), rel=1e-6)


def test_metric_answers_are_aligned_by_the_median_ratio(depth: Depth, other: Depth) -> None:
    ours, theirs = depth.ravel()[:1500], other.ravel()[:1500]
    scale, shift = METRIC.alignment(theirs, ours)
    ratios = sorted(float(a) / float(b) for a, b in zip(ours, theirs, strict=True))
    middle = (ratios[len(ratios) // 2 - 1] + ratios[len(ratios) // 2]) / 2
    assert (scale, shift) == (pytest.approx(middle), 0.0)


@pytest.mark.parametrize("space", [FAR_UP, NEAR_UP])
def test_near_and_far_are_never_turned_around(space: Space, depth: Depth) -> None:
    answer = -depth.ravel()
    scale, shift = space.alignment(answer, depth.ravel())
    assert scale == 1.0
    assert np.mean(answer + shift) == pytest.approx(np.mean(depth), rel=1e-5)


@pytest.mark.parametrize("space", [FAR_UP, NEAR_UP])
def test_a_constant_answer_is_only_shifted(space: Space, depth: Depth) -> None:
    answer = np.full(depth.size, 3, np.float32)
    assert space.alignment(answer, depth.ravel()) == (1.0, pytest.approx(depth.mean() - 3))


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("count", [0, 1, 31])
def test_too_few_pixels_tell_nothing(space: Space, count: int, depth: Depth) -> None:
    ground = depth.ravel()[:count]
    assert space.alignment(ground * 3, ground) == (1.0, 0.0)
