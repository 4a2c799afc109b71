from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data_manifest.dataset import Dataset
from data_manifest.record import Depth, Mask, Picture, Sample, Size
from depthgen.engine.choose import make_network
from depthgen.engine.predict import Predictor
from depthgen.labels.anchored import Anchoring, anchored
from depthgen.teachers import load_teacher
from depthgen.teachers.declared import Declared
from depthgen.teachers.space import Space

METRIC, FAR_UP, NEAR_UP = Space(True, True), Space(False, True), Space(False, False)
SPACES = (METRIC, FAR_UP, NEAR_UP)
FRAME = Size(96, 96)
HOW = Anchoring()
Ask = Callable[[Picture], Depth]


@pytest.fixture(scope="module")
def ask() -> Ask:
    """FastDepth's answer to a picture, in metres."""
    teacher = load_teacher("fastdepth", FRAME, None, Declared())
    predictor = Predictor(teacher, make_network(teacher, "cpu", "torch"))
    return lambda rgb: predictor.answers([rgb], FRAME)[0]


@pytest.fixture(scope="module")
def samples(dataset: Path) -> list[Sample]:
    """Of every background and foreground."""
    return Dataset(dataset)[::9]


@pytest.fixture(scope="module")
def answers(samples: list[Sample], ask: Ask) -> list[tuple[Sample, Depth, Depth]]:
    """Samples with FastDepth's answers to their composites and backgrounds, in metres."""
    return [(sample, ask(sample.fg_bg), ask(sample.bg)) for sample in samples]


def in_space(space: Space, depth: Depth) -> Depth:
    return depth if space.near_is_small else -depth


def made(answer: Depth, ground: Depth, mask: Mask, space: Space = METRIC) -> Depth:
    return anchored(answer, ground, mask, None, space, HOW)


def assert_in_front(label: Depth, ground: Depth, space: Space) -> None:
    """That no pixel of a label is behind the ground."""
    assert np.array_equal(space.nearer_of(label, ground), label)


@pytest.mark.parametrize("space", SPACES)
def test_real_answers_are_the_ground_outside_and_never_behind_it_inside(
    space: Space, answers: list[tuple[Sample, Depth, Depth]]
) -> None:
    for sample, answer, ground in answers:
        answer, ground = in_space(space, answer), in_space(space, ground)
        label = made(answer, ground, sample.mask, space)
        assert label.dtype == np.float32 and label.shape == (96, 96)
        assert np.array_equal(label[~sample.mask], ground[~sample.mask])
        assert not np.array_equal(label, ground)
        assert_in_front(label, ground, space)
        nearest = space.nearest(ground[sample.mask], HOW.hidden)
        middle = float(np.median(label[sample.mask]))
        assert space.is_nearer(middle, nearest) or np.isclose(middle, nearest, rtol=1e-5)


def test_real_objects_are_held_together(answers: list[tuple[Sample, Depth, Depth]]) -> None:
    """Before a wall that is far behind, so that nothing else moves them."""
    wall, torn = np.full((96, 96), 20, np.float32), 0
    for sample, answer, _ in answers:
        said = answer[sample.mask]
        held = made(np.where(sample.mask, answer, wall), wall, sample.mask)[sample.mask]
        middle = float(np.median(said))
        most = HOW.relief * np.sqrt(len(said)) / 96 * middle
        assert np.abs(held - middle).max() <= most * 1.0001
        torn += bool(np.abs(said - middle).max() > 1.5 * most)
    assert torn


@pytest.mark.parametrize("times", [1.3, 0.5])
def test_metric_answers_come_back_at_the_grounds_scale(
    times: float, answers: list[tuple[Sample, Depth, Depth]]
) -> None:
    """All of the composite said farther than it is, and an object at half of what it hides."""
    for sample, _, ground in answers:
        at = np.float32(METRIC.nearest(ground[sample.mask], 0) / 2)
        answer = np.where(sample.mask, at, ground) * np.float32(times)
        label = made(answer, ground, sample.mask)
        assert label[sample.mask] == pytest.approx(np.full(sample.mask.sum(), at), rel=1e-5)


@pytest.mark.parametrize("space", [FAR_UP, NEAR_UP])
def test_relative_answers_come_back_at_the_grounds_scale_and_shift(
    space: Space, answers: list[tuple[Sample, Depth, Depth]]
) -> None:
    for sample, _, metres in answers:
        ground = in_space(space, metres)
        at = np.float32(space.nearest(ground, 0) * (0.5 if space.near_is_small else 0.25))
        answer = np.where(sample.mask, at, ground) * np.float32(2.5) + np.float32(7)
        label = made(answer, ground, sample.mask, space)
        assert label[sample.mask] == pytest.approx(np.full(sample.mask.sum(), at), abs=1e-3)


def test_only_what_is_around_an_object_says_where_it_is(
    answers: list[tuple[Sample, Depth, Depth]],
) -> None:
    """Far from the object answers may be anything."""
    sample, _, ground = answers[0]
    at = np.float32(ground.min() / 2)
    answer = np.where(sample.mask, at, ground) * np.float32(1.3)
    rows, columns = np.flatnonzero(sample.mask.any(1)), np.flatnonzero(sample.mask.any(0))
    near = np.zeros_like(sample.mask)
    near[max(rows[0] - 6, 0) : rows[-1] + 7, max(columns[0] - 6, 0) : columns[-1] + 7] = True
    odd = np.where(near, answer, np.float32(99))
    assert not near.all()
    assert np.array_equal(made(odd, ground, sample.mask), made(answer, ground, sample.mask))


@pytest.mark.parametrize("space", SPACES)
def test_an_object_torn_apart_has_relief_within_its_bound(
    space: Space, samples: list[Sample]
) -> None:
    draw = np.random.default_rng(0)
    for sample in samples:
        wall = draw.uniform(50, 51, (96, 96)).astype(np.float32)
        torn = draw.choice(np.array([1, 2, 30], np.float32), (96, 96))
        ground = in_space(space, wall)
        answer = np.where(sample.mask, in_space(space, torn), ground)
        inside = made(answer, ground, sample.mask, space)[sample.mask]
        middle = np.median(answer[sample.mask])
        most = HOW.relief * np.sqrt(len(inside)) / 96
        most *= abs(middle) if space.metric else space.unit_of(ground)
        assert 0.7 * most < np.abs(inside - middle).max() <= 1.001 * most


@pytest.mark.parametrize("space", SPACES)
def test_what_is_said_to_be_behind_comes_in_front(space: Space, samples: list[Sample]) -> None:
    for sample in samples[:6]:
        metres = np.linspace(2, 4, 96 * 96, dtype=np.float32).reshape(96, 96)
        ground = in_space(space, metres)
        answer = in_space(space, np.where(sample.mask, np.float32(9), metres))
        label = made(answer, ground, sample.mask, space)
        assert_in_front(label, ground, space)
        nearest = space.nearest(ground[sample.mask], HOW.hidden)
        assert np.median(label[sample.mask]) == pytest.approx(nearest, rel=1e-4)


@pytest.mark.parametrize("space", SPACES)
def test_foregrounds_told_apart_have_depths_of_their_own(crowded: Path, space: Space) -> None:
    several = 0
    for sample in Dataset(crowded)[::3]:
        assert sample.instance is not None
        metres = np.linspace(8, 9, 96 * 96, dtype=np.float32).reshape(96, 96)
        ground = in_space(space, metres)
        numbers = [int(number) for number in np.unique(sample.instance) if number]
        several += len(numbers) > 1
        near = metres.copy()
        for number in numbers:
            near[sample.instance == number] = 2 + number
        answer = in_space(space, near)
        label = anchored(answer, ground, sample.mask, sample.instance, space, HOW)
        assert np.array_equal(label[~sample.mask], ground[~sample.mask])
        for number in numbers:
            there = label[sample.instance == number]
            expected = float(in_space(space, np.float32(2 + number)))
            assert there == pytest.approx(np.full(len(there), expected), rel=1e-4)
    assert several


def test_one_instance_is_the_same_as_none(answers: list[tuple[Sample, Depth, Depth]]) -> None:
    for sample, answer, ground in answers[:5]:
        numbered = (3 * sample.mask).astype(np.uint8)
        told = anchored(answer, ground, sample.mask, numbered, METRIC, HOW)
        assert np.array_equal(told, made(answer, ground, sample.mask))


def masks() -> dict[str, Mask]:
    names = ("nothing", "pixel", "corner", "edges", "half")
    found = {name: np.zeros((96, 96), bool) for name in names}
    found["pixel"][40, 50] = True
    found["corner"][0, 95] = True
    found["edges"][[0, -1]], found["edges"][:, [0, -1]] = True, True
    found["half"][:, 48:] = True
    return {**found, "everything": np.ones((96, 96), bool)}


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", masks())
def test_odd_masks_have_labels_too(
    name: str, space: Space, answers: list[tuple[Sample, Depth, Depth]]
) -> None:
    mask, (_, answer, ground) = masks()[name], answers[1]
    answer, ground = in_space(space, answer), in_space(space, ground)
    for instance in (None, mask.astype(np.uint8)):
        label = anchored(answer, ground, mask, instance, space, HOW)
        assert np.isfinite(label).all()
        assert np.array_equal(label[~mask], ground[~mask])
        assert_in_front(label, ground, space)
    if name == "nothing":
        assert np.array_equal(label, ground)


def test_a_single_pixel_keeps_the_depth_that_it_was_given() -> None:
    ground, mask = np.full((96, 96), 5, np.float32), masks()["pixel"]
    answer = np.where(mask, np.float32(2), ground)
    assert made(answer, ground, mask)[mask].tolist() == [2.0]


def test_answers_of_nothing_but_zeros_are_no_trouble() -> None:
    """FastDepth's last layer may say 0."""
    zeros, mask = np.zeros((96, 96), np.float32), masks()["half"]
    ground = np.full((96, 96), 3, np.float32)
    for answer, under in ((zeros, ground), (zeros, zeros), (ground, zeros)):
        label = made(answer, under, mask)
        assert np.isfinite(label).all() and (label <= under).all()


def test_what_is_given_is_not_changed(answers: list[tuple[Sample, Depth, Depth]]) -> None:
    sample, answer, ground = answers[2]
    before = [answer.copy(), ground.copy(), sample.mask.copy()]
    made(answer, ground, sample.mask)
    for one, other in zip(before, (answer, ground, sample.mask), strict=True):
        assert np.array_equal(one, other)
