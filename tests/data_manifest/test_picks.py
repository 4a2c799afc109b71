import numpy as np
import pytest

from data_manifest.picks import spread


@pytest.mark.parametrize(("total", "count"), [(10, 3), (7, 7), (1, 1), (1000, 999)])
def test_picks_are_spread_evenly(total: int, count: int) -> None:
    picks = spread(total, count)
    assert picks.tolist() == [k * total // count for k in range(count)]
    assert len(set(picks.tolist())) == count


def test_no_more_than_there_are() -> None:
    assert spread(4, 9).tolist() == spread(4, None).tolist() == [0, 1, 2, 3]
    assert spread(0, 5).tolist() == []


def test_nothing_overflows() -> None:
    total = 2**62
    picks = spread(total, 1000)
    assert picks.dtype == np.int64
    assert picks.tolist() == [k * total // 1000 for k in range(1000)]
