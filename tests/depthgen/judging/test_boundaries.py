import numpy as np
import pytest

from depthgen.judging.boundaries import boundary_f1

STEPS = ((0, 1), (0, -1), (1, 0), (-1, 0))


def slow_f1(depth, true, valid) -> float:
    """Depth Pro's formula, neighbour by neighbour, less what has no boundary in either."""
    height, width = true.shape
    total = weights = 0.0
    for t in [1.05 + 0.2 * k / 9 for k in range(10)]:
        precision = recall = directions = 0.0
        for down, right in STEPS:
            both = found = there = 0
            for y in range(max(0, -down), height - max(0, down)):
                for x in range(max(0, -right), width - max(0, right)):
                    here, next_ = (y, x), (y + down, x + right)
                    if valid[here] and valid[next_]:
                        guess = float(depth[next_]) / float(depth[here]) > t
                        truth = float(true[next_]) / float(true[here]) > t
                        found, there, both = found + guess, there + truth, both + (guess and truth)
            precision += both / max(found, 1)
            recall += both / max(there, 1)
            directions += bool(found or there)
        weights += t if directions else 0
        if precision + recall:
            total += t * 2 * precision * recall / (precision + recall) / directions
    return total / weights


def test_equals_the_formula_written_out(case) -> None:
    part = np.s_[20:60, 30:90]
    depth = np.maximum(case.prediction, 0.1)[part]
    true, valid = case.true_m[part], case.valid[part]
    expected = slow_f1(depth, true, valid)
    assert 0 < expected < 1
    assert boundary_f1(depth, true, valid) == pytest.approx(expected, abs=1e-6)


def test_with_edges_every_way_at_every_threshold_it_is_depth_pro_to_the_letter(case) -> None:
    true = np.where(case.valid, case.true_m, 3).astype(np.float64)
    depth = np.maximum(case.prediction, 0.1).astype(np.float64)
    # edges of all four directions, however strong, in both
    for made in (true, depth):
        made[10:20, 10:20] = 1
        made[40:50, 40:50] = 9
    everywhere = np.ones(true.shape, bool)
    scores = []
    for t in np.linspace(1.05, 1.25, 10):
        kinds = []
        for d in (1 / depth, 1 / true):
            columns, rows = d[:, 1:] / d[:, :-1], d[1:] / d[:-1]
            kinds.append([columns > t, 1 / columns > t, rows > t, 1 / rows > t])
        hits = [(a & b).sum() for a, b in zip(*kinds, strict=True)]
        p, r = (
            sum(h / max(k.sum(), 1) for h, k in zip(hits, kind, strict=True)) / 4 for kind in kinds
        )
        scores.append(t * 2 * p * r / (p + r))
    expected = sum(scores) / np.linspace(1.05, 1.25, 10).sum()
    assert boundary_f1(depth, true, everywhere) == pytest.approx(expected, abs=1e-6)


def test_right_edges_are_one_whatever_the_scale_and_a_flat_answer_zero(case) -> None:
    true, valid = case.true_m, case.valid
    everywhere = np.where(true > 0, true, 1).astype(np.float32)
    assert boundary_f1(everywhere, true, valid) == pytest.approx(1)
    assert boundary_f1(everywhere * 4, true, valid) == pytest.approx(1)
    assert boundary_f1(np.ones_like(true), true, valid) == 0


def test_holes_have_no_edges(case) -> None:
    flat = np.where(case.valid, 2, 0).astype(np.float32)
    assert boundary_f1(case.prediction, flat, case.valid) is None
    assert boundary_f1(case.prediction, case.true_m, np.zeros_like(case.valid)) is None


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (1, 5)])
def test_tiny_maps_are_fine(shape) -> None:
    ones = np.ones(shape, np.float32)
    assert boundary_f1(ones, ones, ones > 0) is None
