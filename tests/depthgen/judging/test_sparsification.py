import math

import numpy as np
import pytest
from scipy.integrate import trapezoid

from data_manifest.errors import UsageError
from depthgen.judging.sparsification import GATHERING, STEPS, pixel_errors, sparsify


def slow(depth, true, doubt, name, steps) -> tuple[float, float]:
    """mono-uncertainty's areas, written out: percentiles of the negated, float64, loops."""

    def single(k: int) -> float:
        p, t = float(depth[k]), float(true[k])
        return {"absrel": abs(p - t) / t, "rmse": (p - t) ** 2, "delta1": max(p / t, t / p)}[name]

    def gathered(units: list[int]) -> float:
        values = [single(k) for k in units]
        if name == "delta1":
            return sum(value >= 1.25 for value in values) / len(values)
        average = math.fsum(values) / len(values)
        return math.sqrt(average) if name == "rmse" else average

    def curve(order: list[float]) -> list[float]:
        least = [np.percentile(order, 100.0 / steps * t) for t in range(steps)]
        return [gathered([k for k, v in enumerate(order) if v >= low]) for low in least] + [0.0]

    units = list(range(len(depth)))
    x = [t / steps for t in range(steps + 1)]
    mine = trapezoid(curve([-float(d) for d in doubt]), x=x)
    best = trapezoid(curve([-single(k) for k in units]), x=x)
    return mine - best, gathered(units) - mine


@pytest.mark.parametrize("name", GATHERING)
@pytest.mark.parametrize("steps", [STEPS, 7])
def test_areas_equal_the_published_computation_written_out(case, name, steps) -> None:
    where = case.valid & (np.indices(case.valid.shape).sum(0) % 5 == 0)
    depth = np.maximum(case.prediction, 0.1)
    doubt = np.abs(np.gradient(depth)[1])[where]
    found = sparsify(pixel_errors(depth, case.true_m, where, name), doubt, GATHERING[name], steps)
    expected = slow(depth[where], case.true_m[where], doubt, name, steps)
    assert (found.ause, found.aurg) == pytest.approx(expected, abs=1e-6)
    assert found.curve.shape == found.oracle.shape == (steps + 1,)
    assert found.curve[0] == found.oracle[0] == found.chance
    assert found.curve[-1] == found.oracle[-1] == 0


def test_the_error_itself_is_the_best_uncertainty_and_its_reverse_the_worst(case) -> None:
    errors = pixel_errors(case.prediction, case.true_m, case.valid, "absrel")
    best, worst = sparsify(errors, errors), sparsify(errors, -errors)
    assert best.ause == 0
    assert best.aurg > 0 > worst.aurg
    assert worst.ause > sparsify(errors, np.arange(len(errors)) % 101).ause > 0


def test_samples_are_units_and_a_quality_is_a_negated_uncertainty(case) -> None:
    rows = [np.s_[k : k + 1] for k in range(len(case.valid)) if case.valid[k].any()]
    absrel = np.array(
        [pixel_errors(*(m[r] for m in (case.prediction, *case[:2])), "absrel").mean() for r in rows]
    )
    quality = 1 / (1 + absrel) + 0.01 * np.sin(np.arange(len(rows)))
    found = sparsify(absrel, -quality)
    assert found.chance == pytest.approx(float(np.mean(absrel)))
    assert 0 <= found.ause < 0.1 * found.chance
    assert found.aurg > 0


def test_equal_uncertainties_go_together_so_that_nothing_tells() -> None:
    errors = np.arange(1.0, 101)
    found = sparsify(errors, np.ones(100))
    assert found.curve[:-1].tolist() == [found.chance] * STEPS
    assert found.aurg == pytest.approx(found.chance / (2 * STEPS))


def test_no_errors_and_few_units() -> None:
    assert sparsify(np.zeros(30), np.arange(30.0)).ause == 0
    assert sparsify(np.array([2.0]), np.array([1.0])).ause == 0
    assert sparsify(np.zeros(0), np.zeros(0)) is None


def test_mistakes_are_sentences() -> None:
    with pytest.raises(UsageError, match="3 errors, but 2 uncertainties"):
        sparsify(np.zeros(3), np.zeros(2))
    for bad in (np.nan, np.inf):
        with pytest.raises(UsageError, match="must be numbers"):
            sparsify(np.zeros(2), np.array([0, bad]))
