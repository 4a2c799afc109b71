from pathlib import Path

import numpy as np
import pytest

from data_manifest.dataset import Dataset
from depthgen.labels.objects import held_together, in_front
from depthgen.teachers.space import Space, Values

METRIC, FAR_UP, NEAR_UP = Space(True, True), Space(False, True), Space(False, False)


@pytest.fixture(scope="module")
def values(labelled: Path) -> Values:
    """FastDepth's depth within a real mask, (n,) float32."""
    sample = Dataset(labelled)[3]
    assert sample.depth is not None
    return sample.depth[sample.mask]


@pytest.fixture(scope="module")
def torn(labelled: Path, values: Values) -> Values:
    """As many values of a whole picture: an object that is torn apart."""
    depth = Dataset(labelled)[90].depth
    assert depth is not None
    return depth.ravel()[:: depth.size // len(values)][: len(values)] ** 2


@pytest.mark.parametrize("most", [1e-6, 0.01, 0.3, 10.0])
def test_relief_never_exceeds_its_bound(torn: Values, most: float) -> None:
    for values in (torn, -torn, 1e4 * torn, torn.astype(np.float64)):
        held = held_together(values, most)
        middle = float(np.median(values))
        assert held.shape == values.shape
        assert np.abs(held - middle).max() <= most * (1 + 1e-6) + abs(middle) * 1e-6


def test_the_median_and_the_order_are_kept(torn: Values) -> None:
    torn = torn.astype(np.float64)
    held = held_together(torn, 0.3)
    order = np.argsort(torn, kind="stable")
    assert (np.diff(held[order]) >= 0).all()
    odd = torn[: len(torn) // 2 * 2 - 1]
    assert np.median(held_together(odd, 0.3)) == np.median(odd)


def test_little_relief_is_left_as_it_is(values: Values) -> None:
    wide = 1000 * float(np.ptp(values))
    assert held_together(values, wide) == pytest.approx(values, rel=1e-5)


@pytest.mark.parametrize("values", [[2.5], [2.5] * 40], ids=["one pixel", "a flat thing"])
def test_what_has_no_relief_stays_flat(values: list[float]) -> None:
    given = np.array(values, np.float32)
    assert np.array_equal(held_together(given, 0.1), given)


@pytest.mark.parametrize("space", [METRIC, FAR_UP, NEAR_UP])
def test_nothing_is_behind_what_it_hides_pixel_by_pixel(
    space: Space, values: Values, torn: Values
) -> None:
    for thing, hidden in ((values, torn), (torn, values), (values + 9, values), (-values, torn)):
        found = in_front(thing, hidden, space, 10.0)
        for one, behind in zip(found, hidden, strict=True):
            assert not space.is_nearer(float(behind), float(one))
        middle, nearest = float(np.median(found)), space.nearest(hidden, 10.0)
        assert space.is_nearer(middle, nearest) or np.isclose(middle, nearest, rtol=1e-5)


@pytest.mark.parametrize("space", [METRIC, FAR_UP, NEAR_UP])
def test_what_is_in_front_already_stays_where_it_is(space: Space, values: Values) -> None:
    away = np.float32(5 if space.near_is_small else -5)
    assert np.array_equal(in_front(values, values + away, space, 10.0), values)


@pytest.mark.parametrize("space", [METRIC, FAR_UP, NEAR_UP])
def test_what_is_behind_moves_as_a_whole(space: Space, values: Values) -> None:
    """To the nearest tenth of a wall that it hides, with its relief where the wall lets it."""
    at = np.float32(values.min() - 3 if space.near_is_small else values.max() + 3)
    found = in_front(values, np.full_like(values, at), space, 10.0)
    moved = values + (at - np.median(values))
    proud = np.array([space.is_nearer(float(value), float(at)) for value in moved])
    assert 0 < np.count_nonzero(proud) < len(proud)
    assert found[proud] == pytest.approx(moved[proud], rel=1e-5)
    assert (found[~proud] == at).all()
