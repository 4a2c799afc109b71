import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from depthgen.judging.boundaries import boundary_f1
from depthgen.judging.crops import CAPS, Cap
from depthgen.judging.metrics import (
    Metrics,
    clamp,
    mean,
    measure,
    pooled,
    sum_up,
)
from depthgen.quality.correlation import rank_correlation


def slow(depth, true, valid) -> dict[str, float]:
    """Every metric in a loop over pixels."""
    pairs = [(float(p), float(t)) for p, t in zip(depth[valid], true[valid], strict=True)]
    count = len(pairs)
    far = [max(p / t, t / p) for p, t in pairs]
    return {
        "absrel": math.fsum(abs(p - t) / t for p, t in pairs) / count,
        "rmse_m": math.sqrt(math.fsum((p - t) ** 2 for p, t in pairs) / count),
        "log10": math.fsum(abs(math.log10(p) - math.log10(t)) for p, t in pairs) / count,
        "delta1": sum(f < 1.25 for f in far) / count,
        "delta2": sum(f < 1.25**2 for f in far) / count,
        "delta3": sum(f < 1.25**3 for f in far) / count,
    }


def test_metrics_equal_a_plain_computation(case) -> None:
    wrong = np.geomspace(0.3, 3, case.prediction.shape[1], dtype=np.float32)
    depth = clamp(case.prediction * wrong, CAPS["nyu"])
    found = measure(depth, case.true_m, case.valid)
    expected = slow(depth, case.true_m, case.valid)
    assert 0 < expected["delta1"] < expected["delta2"] < expected["delta3"] < 1
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, abs=1e-6)
    rank = spearmanr(depth[case.valid], case.true_m[case.valid]).statistic
    assert found.rank == pytest.approx(rank, abs=1e-6)
    assert found.boundary_f1 == boundary_f1(depth, case.true_m, case.valid)


def test_pooled_is_of_all_pixels_and_mean_of_pictures(case) -> None:
    depth = clamp(case.prediction, CAPS["nyu"])
    parts = [np.s_[:20], np.s_[20:]]
    pictures = [(depth[p], case.true_m[p], case.valid[p]) for p in parts]
    together = pooled([sum_up(*picture) for picture in pictures])
    for name, value in slow(depth, case.true_m, case.valid).items():
        assert getattr(together, name) == pytest.approx(value, abs=1e-6)
    assert together.rank is None
    assert together.boundary_f1 is None
    average = mean([measure(*picture) for picture in pictures])
    singles = [slow(*picture) for picture in pictures]
    for name in singles[0]:
        expected = (singles[0][name] + singles[1][name]) / 2
        assert getattr(average, name) == pytest.approx(expected, abs=1e-6)
    assert average.absrel != pytest.approx(together.absrel, abs=1e-6)


def test_a_mean_is_over_the_pictures_that_have_the_metric() -> None:
    whole, part = Metrics(1, 1, 1, 1, 1, 1, 0.5, None), Metrics(3, 1, 1, 1, 1, 1, None, None)
    assert mean([whole, part]) == Metrics(2, 1, 1, 1, 1, 1, 0.5, None)
    assert mean([]) is None


def test_millions_of_pixels_are_summed_without_loss() -> None:
    true = np.full((2000, 2000), 3, np.float32)
    found = pooled([sum_up(true * np.float32(1.1), true, true > 0)] * 50)
    each = float(np.float32(3) * np.float32(1.1)) - 3
    assert found.absrel == pytest.approx(each / 3, rel=1e-12)
    assert found.rmse_m == pytest.approx(each, rel=1e-12)


def test_a_perfect_answer(case) -> None:
    true = np.where(case.valid, case.true_m, 1)
    found = measure(true, case.true_m, case.valid)
    assert found == pytest.approx((0, 0, 0, 1, 1, 1, 1, 1))


def test_nothing_valid_is_no_entry(case) -> None:
    nothing = np.zeros_like(case.valid)
    assert measure(case.true_m, case.true_m, nothing) is None
    assert pooled([sum_up(case.true_m, case.true_m, nothing)]) is None
    assert pooled([]) is None


@pytest.mark.parametrize("value", [0, 3, -2, np.nan, np.inf, -np.inf])
def test_constant_and_wild_answers_are_measured_at_the_cap(case, value) -> None:
    cap = Cap(1e-3, 10)
    depth = clamp(np.full_like(case.true_m, value), cap)
    expected = 10 if value == np.inf else 3 if value == 3 else 1e-3
    assert depth == pytest.approx(np.full_like(depth, expected))
    found = measure(depth, case.true_m, case.valid)
    assert found.absrel == pytest.approx(slow(depth, *case[:2])["absrel"], abs=1e-6)
    assert found.rank is None
    assert found.boundary_f1 == 0


def test_ranks_of_ties_are_averaged_as_in_scipy() -> None:
    draw = np.random.default_rng(0)
    first, second = draw.integers(0, 7, 500).astype(np.float64), draw.normal(size=500)
    for a, b in ((first, second), (first, first**2 + draw.integers(0, 9, 500)), (second, first)):
        expected = spearmanr(a, b).statistic
        assert rank_correlation(a, b) == pytest.approx(expected, abs=1e-6)
    assert rank_correlation(second, -second) == pytest.approx(-1)


def test_ranks_are_of_at_most_so_many_spread_evenly() -> None:
    values = np.arange(1000.0)
    turned = np.where(values % 10 == 0, values, -values)
    assert rank_correlation(values, turned, most=100) == pytest.approx(1)
    assert rank_correlation(values, turned) < 0
    assert rank_correlation(values[:0], values[:0]) is None
    assert rank_correlation(values[:1], values[:1]) is None
