import numpy as np

from train.data.order import shuffled


def test_orders_differ_by_epoch_and_repeat() -> None:
    rows = np.arange(50)
    first, second = (shuffled(rows, 3, epoch).tolist() for epoch in (0, 1))
    assert shuffled(rows, 3, 0).tolist() == first != second
    assert sorted(first) == sorted(second) == rows.tolist()
    assert shuffled(rows, 4, 0).tolist() != first
