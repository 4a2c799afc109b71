import numpy as np
import pytest

from depthgen.judging.align import align
from depthgen.judging.crops import Cap, judged_region
from depthgen.judging.judge import judge, summarise
from depthgen.judging.metrics import clamp, mean, measure, pooled, sum_up
from depthgen.judging.table import Rules

CAP = Cap(1e-3, 4.0)
RULES = Rules("affine", "none", CAP)


def judged(case, part, rules=RULES, kind="metric", teacher="one"):
    true, prediction = case.true_m[part], case.prediction[part]
    valid = judged_region(true, rules.crop, rules.cap)
    aligned = align(prediction, true, valid, kind, rules.alignment)
    return judge(teacher, str(part), aligned, true, valid, rules)


def test_a_row_is_measured_after_it_is_cut_off_at_the_cap(case) -> None:
    row = judged(case, np.s_[:])
    valid = case.valid & (case.true_m < 4)
    depth = align(case.prediction, case.true_m, valid, "metric", "affine").depth_m
    assert row.metrics == measure(clamp(depth, CAP), case.true_m, valid)
    assert row.metrics != measure(clamp(depth, Cap(1e-3, 10)), case.true_m, valid)
    assert row.pixels == valid.sum() < case.valid.sum()


def test_the_summary_is_the_mean_and_the_pool_of_pictures_aligned_one_by_one(case) -> None:
    rows = [judged(case, np.s_[:30]), judged(case, np.s_[30:])]
    average, pool = summarise(rows)
    assert (average.picture, pool.picture) == ("mean", "pooled")
    assert average.metrics == mean([row.metrics for row in rows])
    assert pool.metrics == pooled([row.sums for row in rows])
    assert average.pixels == pool.pixels == sum(row.pixels for row in rows)


def test_teachers_and_rules_are_not_mixed(case) -> None:
    other = RULES._replace(alignment="median")
    rows = [judged(case, np.s_[:]), judged(case, np.s_[:], other)]
    rows.append(judged(case, np.s_[:], teacher="two"))
    found = summarise(rows)
    assert [(row.teacher, row.rules.alignment) for row in found[::2]] == [
        ("one", "affine"), ("one", "median"), ("two", "affine"),
    ]  # fmt: skip
    for row, single in zip(found[::2], rows, strict=True):
        assert row.metrics == pytest.approx(single.metrics)


def test_without_an_entry_there_are_no_numbers(case) -> None:
    none = judged(case, np.s_[:], kind="relative_inverse")
    assert none.metrics is None
    assert none.pixels > 0
    assert all(row.metrics is None and row.pixels == none.pixels for row in summarise([none]))
    assert summarise([]) == []


def test_pictures_without_a_valid_pixel_do_not_count(case) -> None:
    true = np.zeros_like(case.true_m)
    valid = judged_region(true, "none", CAP)
    empty = judge("one", "empty", None, true, valid, RULES)
    whole = judged(case, np.s_[:])
    assert (empty.pixels, empty.metrics) == (0, None)
    refused = judge("one", "refused", None, case.true_m, case.valid, RULES)
    for row in summarise([empty, refused, whole]):
        assert row.metrics[:6] == pytest.approx(whole.metrics[:6])
        assert row.pixels == whole.pixels
    assert sum_up(true, true, valid).pixels == 0
