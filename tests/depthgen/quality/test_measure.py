import math
import statistics
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from data_manifest.dataset import Dataset
from data_manifest.quality import COLUMNS
from data_manifest.record import Depth, Mask
from depthgen.quality.correlation import rank_correlation
from depthgen.quality.measure import Evidence, Quality, measure
from depthgen.teachers.space import Space

METRIC, FAR_UP, NEAR_UP = Space(True, True), Space(False, True), Space(False, False)
SPACES = (METRIC, FAR_UP, NEAR_UP)


@pytest.fixture(scope="module")
def metres(labelled: Path) -> Evidence:
    """A real label by FastDepth, with answers that are other real depth, in metres."""
    samples = Dataset(labelled)
    label, mask = samples[3].depth, samples[3].mask
    stored = samples._shard(0).ground_depth(samples[3].record)
    others = [samples[number].depth for number in (50, 80, 110)]
    assert label is not None and stored is not None
    answer, mirrored, other = (0.7 * label + 0.3 * depth for depth in others)
    ground = samples.depth_encoding.to_unit(stored)
    return Evidence(label, mask, (0.0, 10.0), answer, mirrored, ground, other)


def seen_in(space: Space, seen: Evidence) -> Evidence:
    """The same as a teacher of the space may say it; the other teacher's nearer is larger."""
    assert seen.other is not None
    if space.near_is_small:
        return seen._replace(other=-seen.other)
    depths = ("label", "answer", "mirrored", "ground", "other")
    turned = {name: -getattr(seen, name) for name in depths}
    return seen._replace(limits=(-10.0, 0.0), **turned)


def places(mask: Mask) -> Iterator[tuple[int, int]]:
    """The pixels that are compared: every fourth either way."""
    height, width = mask.shape
    for y in range(height):
        for x in range(width):
            if y % 4 == 2 and x % 4 == 2:
                yield y, x


def unit_of(depth: Depth) -> float:
    """From 5 % to 95 % of the compared pixels, between neighbours in proportion."""
    ordered = sorted(float(depth[place]) for place in places(depth))

    def at(share: float) -> float:
        place = share * (len(ordered) - 1)
        low = math.floor(place)
        return ordered[low] + (place - low) * (ordered[low + 1] - ordered[low])

    return at(0.95) - at(0.05)


def behind(space: Space, one: Depth, other: Depth, where: list[tuple[int, int]], unit: Depth):
    """How far ``one`` lies behind ``other`` at each place, pixel by pixel."""
    pairs = [(float(one[place]), float(other[place])) for place in where]
    if space.metric:
        return [(a - b) / b for a, b in pairs]
    return [(a - b if space.near_is_small else b - a) / unit_of(unit) for a, b in pairs]


@pytest.mark.parametrize("space", SPACES)
def test_the_range_is_that_of_all_pixels(space: Space, metres: Evidence) -> None:
    seen = seen_in(space, metres)
    found = measure(seen, space)
    assert found.low == min(float(value) for value in seen.label.flat)
    assert found.high == max(float(value) for value in seen.label.flat)


@pytest.mark.parametrize("limits", [(0.0, 10.0), (1.0, 1.5), (-1.0, 0.9), (2.0, 5.0)])
def test_what_is_saturated_lies_at_or_beyond_the_ends(
    limits: tuple[float, float], metres: Evidence
) -> None:
    label = np.rint(metres.label * 10) / 10
    found = measure(metres._replace(label=label, limits=limits), METRIC)
    beyond = [value <= limits[0] or value >= limits[1] for value in label.flat]
    assert found.saturated == sum(beyond) / len(beyond)


def test_the_very_ends_are_saturated() -> None:
    label = np.array([[0, 5, 10, 9]], np.float32)
    assert measure(Evidence(label, label > 99, (0.0, 10.0)), METRIC).saturated == 0.5


@pytest.mark.parametrize("space", SPACES)
def test_shift_is_how_far_the_answer_moved_the_background(space: Space, metres: Evidence) -> None:
    seen = seen_in(space, metres)
    where = [place for place in places(seen.mask) if not seen.mask[place]]
    off = behind(space, seen.answer, seen.ground, where, seen.ground)
    expected = statistics.median(map(abs, off))
    assert measure(seen, space).shift == pytest.approx(expected, rel=1e-4)
    assert expected > 0.01


@pytest.mark.parametrize("space", SPACES)
def test_flip_is_how_far_the_mirror_image_disagrees(space: Space, metres: Evidence) -> None:
    seen = seen_in(space, metres)
    where = list(places(seen.mask))
    off = behind(space, seen.mirrored, seen.answer, where, seen.answer)
    expected = statistics.median(map(abs, off))
    assert measure(seen, space).flip == pytest.approx(expected, rel=1e-4)
    assert expected > 0.01


@pytest.mark.parametrize("space", SPACES)
def test_pop_is_how_far_the_label_stands_out(space: Space, metres: Evidence) -> None:
    seen = seen_in(space, metres)
    where = [place for place in places(seen.mask) if seen.mask[place]]
    expected = -statistics.median(behind(space, seen.label, seen.ground, where, seen.ground))
    assert measure(seen, space).pop == pytest.approx(expected, rel=1e-4)
    assert expected > 0


@pytest.mark.parametrize("space", SPACES)
def test_disagreement_is_one_less_the_rank_correlation(space: Space, metres: Evidence) -> None:
    seen = seen_in(space, metres)
    draw = np.random.default_rng(0).normal(0, 1e-4, (3, 96, 96)).astype(np.float32)
    seen = seen._replace(answer=seen.answer + draw[0], other=seen.other + draw[1])
    where = list(places(seen.mask))
    ours, theirs = ([float(part[place]) for place in where] for part in (seen.answer, seen.other))
    nearer = [-value if space.near_is_small else value for value in ours]
    expected = 1 - spearmanr(nearer, theirs).statistic
    assert measure(seen, space).disagreement == pytest.approx(expected, abs=1e-5)
    assert 0 < expected < 1


def test_measures_are_the_same_in_both_relative_spaces(metres: Evidence) -> None:
    one, other = (measure(seen_in(space, metres), space) for space in (FAR_UP, NEAR_UP))
    for name in ("saturated", "shift", "flip", "pop", "disagreement"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-4), name


def test_known_errors_are_found_to_the_digit(metres: Evidence) -> None:
    ground = metres.ground
    assert ground is not None
    label = np.where(metres.mask, ground / 2, ground)
    seen = Evidence(
        label, metres.mask, (0.0, 10.0), ground * 1.1, ground * 1.32, ground, -(ground**3)
    )
    found = measure(seen, METRIC)
    assert found.shift == pytest.approx(0.1, abs=1e-5)
    assert found.flip == pytest.approx(0.2, abs=1e-5)
    assert found.pop == pytest.approx(0.5, abs=1e-5)
    perfect = Evidence(ground, metres.mask, (0.0, 10.0), ground, ground, ground, None)
    assert measure(perfect, METRIC)[2:6] == (0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize(
    ("missing", "lost"),
    [
        ({"answer"}, {"shift", "flip", "disagreement"}),
        ({"mirrored"}, {"flip"}),
        ({"ground"}, {"shift", "pop"}),
        ({"other"}, {"disagreement"}),
        ({"answer", "mirrored", "ground", "other"}, {"shift", "flip", "pop", "disagreement"}),
    ],
)
def test_what_cannot_be_told_is_nan(
    missing: set[str], lost: set[str], space: Space, metres: Evidence
) -> None:
    seen = seen_in(space, metres)
    whole, found = measure(seen, space), measure(seen._replace(**dict.fromkeys(missing)), space)
    assert {name for name in Quality._fields if math.isnan(getattr(found, name))} == lost
    for name in set(Quality._fields) - lost:
        assert getattr(found, name) == getattr(whole, name)
    assert not any(map(math.isnan, whole))


@pytest.mark.parametrize("space", SPACES)
def test_masks_that_hide_nothing_or_everything_are_told_apart(
    space: Space, metres: Evidence
) -> None:
    seen = seen_in(space, metres)
    nothing = measure(seen._replace(mask=np.zeros((96, 96), bool)), space)
    everything = measure(seen._replace(mask=np.ones((96, 96), bool)), space)
    assert math.isnan(nothing.pop) and not math.isnan(nothing.shift)
    assert math.isnan(everything.shift) and not math.isnan(everything.pop)
    one = np.zeros((96, 96), bool)
    one[41, 40] = True  # between the pixels that are compared
    assert math.isnan(measure(seen._replace(mask=one), space).pop)


def test_a_flat_answer_agrees_with_nothing(metres: Evidence) -> None:
    flat = np.full((96, 96), 3, np.float32)
    for seen in (metres._replace(answer=flat), metres._replace(other=flat)):
        assert measure(seen, METRIC).disagreement == 1.0
    for space in SPACES:
        everywhere = Evidence(flat, metres.mask, (0.0, 10.0), flat, flat, flat, flat)
        assert all(map(math.isfinite, measure(everywhere, space)))


def test_ranks_of_values_are_all_that_counts(metres: Evidence) -> None:
    draw = np.random.default_rng(0).permutation(9216).astype(np.float32)
    assert rank_correlation(draw, draw**3) == pytest.approx(1)
    assert rank_correlation(draw, -draw) == pytest.approx(-1)
    turned = rank_correlation(draw, draw.reshape(96, 96).T.ravel())
    assert turned is not None and abs(turned) < 0.1
    other = draw + 2000 * metres.label.ravel()
    assert rank_correlation(draw, other) == pytest.approx(spearmanr(draw, other).statistic)


def test_equal_values_share_their_rank(metres: Evidence) -> None:
    """A teacher whose answers are cut off says the same of many pixels."""
    cut = metres.label.clip(None, float(np.median(metres.label)))
    other = np.asarray(metres.answer)
    expected = spearmanr(cut.ravel(), other.ravel()).statistic
    assert rank_correlation(cut.ravel(), other.ravel()) == pytest.approx(expected, abs=1e-6)


def test_the_measures_are_the_columns_of_the_file() -> None:
    assert Quality._fields == COLUMNS
