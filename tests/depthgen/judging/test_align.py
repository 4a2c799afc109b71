import numpy as np
import pytest
from scipy.linalg import lstsq
from scipy.optimize import minimize_scalar

from data_manifest.errors import UsageError
from depthgen.judging.align import ALIGNMENTS, MARIGOLD_FLOOR, UP_TO, align, has_entry


def solved(x, y, weights=None) -> np.ndarray:
    """Scale and shift by SciPy, in float64."""
    w = np.ones(len(x)) if weights is None else weights
    return lstsq(np.stack([x, np.ones(len(x))], 1) * w[:, None], y * w)[0]


def test_none_leaves_metric_depth_as_it_is(case) -> None:
    aligned = align(case.prediction, case.true_m, case.valid, "metric", "none")
    assert aligned is not None
    assert np.array_equal(aligned.depth_m, case.prediction)
    assert aligned[1:] == (1.0, 0.0, None)


def test_the_median_is_that_of_the_valid_pixels(case) -> None:
    aligned = align(case.prediction, case.true_m, case.valid, "metric", "median")
    ordered = [sorted(map(float, m[case.valid])) for m in (case.true_m, case.prediction)]
    count = len(ordered[0])
    true, predicted = ((o[(count - 1) // 2] + o[count // 2]) / 2 for o in ordered)
    assert aligned.scale == pytest.approx(true / predicted, rel=1e-6)
    assert np.allclose(aligned.depth_m, case.prediction * aligned.scale, rtol=1e-6)


def test_the_scale_is_that_of_least_squared_relative_error(case) -> None:
    aligned = align(case.prediction, case.true_m, case.valid, "metric", "scale")
    x, y = (m[case.valid].astype(np.float64) for m in (case.prediction, case.true_m))

    def loss(scale: float) -> float:
        return sum(((scale * a - b) / b) ** 2 for a, b in zip(x, y, strict=True))

    found = minimize_scalar(loss, bounds=(0.1, 10), options={"xatol": 1e-10}, method="bounded")
    assert aligned.scale == pytest.approx(found.x, rel=1e-6)
    assert aligned.shift == 0


def test_affine_is_least_squares_in_depth(case) -> None:
    aligned = align(case.prediction, case.true_m, case.valid, "relative", "affine")
    x, y = (m[case.valid].astype(np.float64) for m in (case.prediction, case.true_m))
    assert [aligned.scale, aligned.shift] == pytest.approx(solved(x, y).tolist(), rel=1e-6)
    expected = case.prediction.astype(np.float64) * aligned.scale + aligned.shift
    assert np.allclose(aligned.depth_m, expected, rtol=1e-6)


@pytest.mark.parametrize("floor", [None, MARIGOLD_FLOOR, 0.4])
@pytest.mark.parametrize("kind", ["metric", "relative_inverse"])
def test_affine_disparity_is_least_squares_in_disparity(case, kind, floor) -> None:
    given = case.prediction if kind == "metric" else 1 / case.prediction
    aligned = align(given, case.true_m, case.valid, kind, "affine_disparity", disparity_floor=floor)
    disparity = 1 / case.prediction.astype(np.float64)
    fit = solved(disparity[case.valid], 1 / case.true_m[case.valid].astype(np.float64))
    assert [aligned.scale, aligned.shift] == pytest.approx(fit.tolist(), rel=1e-5)
    least = 1 / case.true_m[case.valid].max() if floor is None else floor
    assert aligned.disparity_floor == pytest.approx(least)
    expected = 1 / (disparity * fit[0] + fit[1]).clip(least)
    assert np.allclose(aligned.depth_m, expected, rtol=2e-6)
    assert np.isfinite(aligned.depth_m).all()


@pytest.mark.parametrize("alignment", ["affine", "affine_disparity"])
def test_what_was_changed_by_scale_and_shift_is_found_again(case, alignment) -> None:
    true = np.where(case.valid, case.true_m, 1)
    given, kind = (true, "relative") if alignment == "affine" else (1 / true, "relative_inverse")
    aligned = align(given * 7 - 3, case.true_m, case.valid, kind, alignment)
    assert aligned.depth_m[case.valid] == pytest.approx(case.true_m[case.valid], rel=1e-5)


@pytest.mark.parametrize(
    ("kind", "up_to", "entries"),
    [
        ("metric", None, ALIGNMENTS),
        ("relative", None, ("affine",)),
        ("relative_inverse", None, ("affine_disparity",)),
        ("relative", "scale", ALIGNMENTS[1:]),
        ("relative_inverse", "scale", ALIGNMENTS[1:]),
        ("metric", "scale", ALIGNMENTS[1:]),
    ],
)
def test_a_prediction_has_entries_by_what_it_leaves_open(case, kind, up_to, entries) -> None:
    assert set(UP_TO) == {"metric", "relative", "relative_inverse"}
    for alignment in ALIGNMENTS:
        found = align(case.prediction, case.true_m, case.valid, kind, alignment, up_to=up_to)
        assert has_entry(kind, alignment, up_to) == (alignment in entries)
        assert (found is not None) == (alignment in entries)


@pytest.mark.parametrize("alignment", ["median", "scale", "affine"])
def test_disparity_up_to_a_scale_is_inverted_for_alignments_in_depth(case, alignment) -> None:
    options = (case.true_m, case.valid)
    inverted = align(5 / case.prediction, *options, "relative_inverse", alignment, up_to="scale")
    straight = align(case.prediction, *options, "relative", alignment, up_to="scale")
    assert np.allclose(inverted.depth_m, straight.depth_m, rtol=1e-5)


@pytest.mark.parametrize("alignment", ALIGNMENTS)
@pytest.mark.parametrize("kind", UP_TO)
@pytest.mark.parametrize("value", [0, 2, -1, np.nan, np.inf])
def test_constant_predictions_are_answers_too(case, kind, alignment, value) -> None:
    constant = np.full_like(case.true_m, value)
    aligned = align(constant, case.true_m, case.valid, kind, alignment)
    fits = "affine" if kind != "relative_inverse" else "affine_disparity"
    if alignment == fits and np.isfinite(value):
        mean = case.true_m[case.valid].astype(np.float64)
        expected = mean.mean() if fits == "affine" else 1 / (1 / mean).mean()
        assert aligned.depth_m == pytest.approx(np.full_like(constant, expected), rel=1e-5)
    if np.isnan(value):
        assert aligned is None


def test_pixels_that_are_no_numbers_are_left_out_of_the_fit(case) -> None:
    holes = case.prediction.copy()
    holes[::3] = np.nan
    holes[1::3, ::5] = np.inf
    aligned = align(holes, case.true_m, case.valid, "metric", "affine")
    rest = case.valid & np.isfinite(holes)
    assert [aligned.scale, aligned.shift] == pytest.approx(
        solved(holes[rest].astype(np.float64), case.true_m[rest].astype(np.float64)).tolist()
    )
    assert np.isnan(aligned.depth_m[::3]).all()


def test_only_valid_pixels_have_a_say(case) -> None:
    wild = np.where(case.valid, case.prediction, 1e6).astype(np.float32)
    for alignment in ALIGNMENTS:
        a, b = (align(p, *case[:2], "metric", alignment) for p in (case.prediction, wild))
        assert a[1:] == b[1:]


def test_nothing_to_fit_to_is_no_entry(case) -> None:
    nothing = np.zeros_like(case.valid)
    for alignment in ALIGNMENTS:
        assert align(case.prediction, case.true_m, nothing, "metric", alignment) is None


def test_mistakes_are_sentences(case) -> None:
    with pytest.raises(UsageError, match="is 120 x 96, the measured depth 120 x 97"):
        align(case.prediction[1:], case.true_m, case.valid, "metric", "none")
    with pytest.raises(UsageError, match="no alignment 'best'"):
        has_entry("metric", "best")
    with pytest.raises(UsageError, match="no kind of depth 'guess'"):
        has_entry("guess", "none")
    with pytest.raises(UsageError, match="can't be inverted"):
        align(*case[:1], *case[:2], "metric", "affine_disparity", disparity_floor=0.0)
