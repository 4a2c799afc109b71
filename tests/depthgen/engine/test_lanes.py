import threading
import time

import pytest

from depthgen.engine.lanes import in_lanes


@pytest.mark.parametrize("lanes", [1, 2, 5])
def test_results_come_in_order_however_long_each_takes(lanes: int) -> None:
    def slow_at_first(number: int) -> int:
        time.sleep(0.01 / (number + 1))
        return number * number

    assert list(in_lanes(slow_at_first, range(20), lanes, 4)) == [n * n for n in range(20)]


def test_no_more_items_are_taken_than_may_be_in_flight() -> None:
    taken: list[int] = []

    def items() -> object:
        for number in range(50):
            taken.append(number)
            yield number

    results = in_lanes(lambda number: number, items(), 2, 3)  # type: ignore[arg-type]
    for count in range(1, 10):
        next(results)
        assert len(taken) <= count + 3
    results.close()
    assert len(taken) <= 13


def test_what_a_function_raises_arrives_in_its_turn_and_nothing_more_begins() -> None:
    done: list[int] = []

    def fail_at_five(number: int) -> int:
        if number == 5:
            raise ValueError("five")
        done.append(number)
        return number

    found = []
    with pytest.raises(ValueError, match="five"):
        found.extend(in_lanes(fail_at_five, range(1000), 2, 4))
    assert max(done) < 15
    assert threading.active_count() < 20


def test_nothing_gives_nothing() -> None:
    assert list(in_lanes(str, [], 2, 2)) == []
