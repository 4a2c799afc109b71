from pathlib import Path

import numpy as np
import pytest

from data_manifest.dataset import Dataset
from data_manifest.record import Depth, Mask, Sample
from depthgen.labels.layered import Layering, layered
from depthgen.teachers.space import Space

METRIC, FAR_UP, NEAR_UP = Space(True, True), Space(False, True), Space(False, False)
SPACES = (METRIC, FAR_UP, NEAR_UP)


def ground_of(sample: Sample, samples: Dataset) -> Depth:
    """FastDepth's of the sample's background, in metres."""
    stored = samples._shard(sample.record.shard).ground_depth(sample.record)
    assert stored is not None
    return samples.depth_encoding.to_unit(stored)


def in_space(space: Space, depth: Depth) -> Depth:
    return depth if space.near_is_small else -depth


def floor(shape: tuple[int, int] = (96, 96)) -> Depth:
    """A room's: a wall at 6 m in the upper half, then a floor that comes near to 1 m."""
    rows = np.linspace(11, 1, shape[0], dtype=np.float32).clip(None, 6)
    return np.repeat(rows[:, None], shape[1], axis=1)


@pytest.mark.parametrize("space", SPACES)
def test_real_backgrounds_are_kept_and_nothing_is_behind_them(labelled: Path, space: Space) -> None:
    samples = Dataset(labelled)
    for sample in samples[::17]:
        ground = in_space(space, ground_of(sample, samples))
        label = layered(ground, sample.mask, None, space, Layering())
        assert label.dtype == np.float32
        assert np.array_equal(label[~sample.mask], ground[~sample.mask])
        assert np.array_equal(space.nearer_of(label, ground), label)
        hidden = ground[sample.mask]
        nearest, middle = space.nearest(hidden, 10.0), float(np.median(label[sample.mask]))
        assert space.is_nearer(middle, nearest) or np.isclose(middle, nearest, rtol=1e-5)


def test_real_labels_are_planes_but_where_the_ground_is_nearer(labelled: Path) -> None:
    samples = Dataset(labelled)
    for sample in samples[::17]:
        ground = ground_of(sample, samples)
        label = layered(ground, sample.mask, None, METRIC, Layering())
        inside, hidden = label[sample.mask], ground[sample.mask]
        assert len(np.unique(inside[inside < hidden])) <= 1


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("bottom", [60, 80, 96])
def test_a_thing_stands_at_the_depth_of_the_ground_at_its_feet(space: Space, bottom: int) -> None:
    ground, mask = in_space(space, floor()), np.zeros((96, 96), bool)
    mask[bottom - 50 : bottom, 30:60] = True
    label = layered(ground, mask, None, space, Layering(feet=0.04))
    expected = np.median(ground[bottom - 2 : bottom, 30:60])
    behind = np.minimum(np.abs(expected), np.abs(ground[mask]))
    assert np.abs(label[mask]) == pytest.approx(behind)
    assert np.mean(label[mask] == expected) >= 0.95


def test_feet_are_where_the_thing_is_and_not_its_box() -> None:
    """A leg far left of the ground that the box's corner shows."""
    ground, mask = floor(), np.zeros((96, 96), bool)
    ground[60:, 50:] = 0.5
    mask[20:60, 10:90], mask[60:80, 10:20] = True, True
    label = layered(ground, mask, None, METRIC, Layering())
    assert label[75, 15] == np.median(ground[78:80, 10:20])


def test_of_several_foregrounds_each_stands_on_its_own_feet() -> None:
    ground, instance = floor(), np.zeros((96, 96), np.uint8)
    instance[30:70, 10:30], instance[50:90, 40:60], instance[20:60, 70:90] = 1, 2, 5
    mask = instance > 0
    label = layered(ground, mask, instance, METRIC, Layering())
    assert np.array_equal(label[~mask], ground[~mask])
    for number, bottom in ((1, 70), (2, 90), (5, 60)):
        feet = np.median(ground[bottom - 2 : bottom, 0])
        assert np.median(label[instance == number]) == feet
        alone = layered(ground, instance == number, None, METRIC, Layering())
        assert np.array_equal(label[instance == number], alone[instance == number])
    together = layered(ground, mask, None, METRIC, Layering())
    assert not np.array_equal(together, label)


def test_a_thing_in_the_air_is_still_in_front_of_what_it_hides() -> None:
    ground, mask = floor(), np.zeros((96, 96), bool)
    ground[40:60] = 2
    mask[10:70, 30:60] = True
    label = layered(ground, mask, None, METRIC, Layering())
    assert (label[mask] <= ground[mask]).all() and np.unique(label[mask]).tolist() == [2.0]


def masks() -> dict[str, Mask]:
    made = {name: np.zeros((96, 96), bool) for name in ("nothing", "pixel", "corner", "edges")}
    made["pixel"][40, 50] = True
    made["corner"][95, 95] = True
    made["edges"][[0, -1]], made["edges"][:, [0, -1]] = True, True
    return {**made, "everything": np.ones((96, 96), bool)}


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", masks())
def test_odd_masks_have_labels_too(name: str, space: Space) -> None:
    mask, ground = masks()[name], in_space(space, floor())
    for instance in (None, mask.astype(np.uint8)):
        label = layered(ground, mask, instance, space, Layering())
        assert np.isfinite(label).all()
        assert np.array_equal(label[~mask], ground[~mask])
        assert np.array_equal(space.nearer_of(label, ground), label)
    if name in ("pixel", "corner", "nothing"):
        assert np.array_equal(label, ground)


def test_the_ground_that_is_given_is_not_changed(labelled: Path) -> None:
    samples = Dataset(labelled)
    ground = ground_of(samples[0], samples)
    before = ground.copy()
    layered(ground, samples[0].mask, None, METRIC, Layering())
    assert np.array_equal(ground, before)
