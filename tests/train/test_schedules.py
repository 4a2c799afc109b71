"""Learning rates, step by step."""

import math

import pytest
import torch

from train.choices import ScheduleName
from train.schedules import SHARE, Pace, Schedule, mdeas_cyclic


def optimizer() -> torch.optim.Optimizer:
    """Two groups, the second at a third of the rate."""
    parts = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    groups = [{"params": [parts[0]], SHARE: 1.0}, {"params": [parts[1]], SHARE: 1 / 3}]
    return torch.optim.SGD(groups, lr=9.0)


def rates(pace: Pace, steps: int) -> list[float]:
    made = optimizer()
    schedule, found = Schedule(made, pace), []
    for _ in range(steps):
        found.append(schedule.lr)
        first, second = (float(group["lr"]) for group in made.param_groups)
        if pace.name != "cosine":  # whose lowest rate is the same for all
            assert second == pytest.approx(first / 3)
        made.step()
        schedule.after_step()
    return found


def test_mdeas_cycles_point_by_point() -> None:
    """Two epochs of warm-up, then two triangles with edges of three epochs, four steps an epoch."""
    pace = Pace("cyclic", 1e-3, 60, 4, least_lr=1e-5, warmup=2, every=3, cycles=2)
    edge, low, high = 12, 1e-5, 1e-3
    up = [low + (high - low) * k / edge for k in range(edge)]
    down = [high - (high - low) * k / edge for k in range(edge)]
    expected = [high] * 8 + (up + down) * 2 + [low / 10] * edge + [low / 100] * edge
    assert rates(pace, len(expected)) == pytest.approx(expected, rel=1e-9)
    assert min(expected) > 0


def test_the_published_run_ends_at_the_top_of_its_second_triangle() -> None:
    """MDEAS's 20 epochs: 5 of warm-up, and one and a half cycles; epoch 14 ends at the bottom."""
    pace = Pace("cyclic", 1e-3, 20 * 219, 219, least_lr=1e-5, warmup=5, every=5, cycles=3)
    assert mdeas_cyclic(10 * 219, pace) == pytest.approx(1e-3)
    assert mdeas_cyclic(15 * 219, pace) == pytest.approx(1e-5)
    assert mdeas_cyclic(20 * 219, pace) == pytest.approx(1e-3)


def test_cosine_warms_up_and_ends_at_the_lowest() -> None:
    found = rates(Pace("cosine", 1.0, 100, 10, least_lr=0.0, warmup=2), 101)
    assert found[0] == pytest.approx(1e-3)
    assert found[19] < found[20] == pytest.approx(1.0)
    assert all(
        found[k] == pytest.approx((1 + math.cos(math.pi * (k - 20) / 80)) / 2)
        for k in range(20, 100)
    )
    assert found[100] == pytest.approx(0.0)


def test_steps_come_every_so_many_epochs() -> None:
    found = rates(Pace("step", 1.0, 40, 5, every=2, gamma=0.1), 30)
    assert found == pytest.approx([1.0] * 10 + [0.1] * 10 + [0.01] * 10)


def test_one_cycle_has_its_highest_rate_within_and_ends_near_zero() -> None:
    found = rates(Pace("one-cycle", 0.5, 100, 10), 100)
    assert max(found) == pytest.approx(0.5)
    assert 25 <= found.index(max(found)) <= 35
    assert found[-1] < 1e-5 < found[0] < 0.05


def test_plateau_waits_and_is_told_once_an_epoch() -> None:
    made = optimizer()
    schedule = Schedule(made, Pace("plateau", 1.0, 100, 10, every=1, gamma=0.5))
    found = []
    for loss in (3.0, 2.0, 2.0, 2.0, 2.0, 2.0):
        for _ in range(10):
            made.step()
            schedule.after_step()
        schedule.after_epoch(loss)
        found.append(schedule.lr)
    assert found == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25]


@pytest.mark.parametrize("name", ["one-cycle", "cosine", "step", "plateau", "cyclic", "constant"])
def test_a_schedule_goes_on_where_its_state_is_of(name: ScheduleName) -> None:
    pace = Pace(name, 0.1, 40, 4, warmup=1, every=1, cycles=1)
    made, other = optimizer(), optimizer()
    schedule, again = Schedule(made, pace), Schedule(other, pace)
    for step in range(17):
        made.step()
        schedule.after_step()
        if step % 4 == 3:
            schedule.after_epoch(1.0)
    other.load_state_dict(made.state_dict())
    again.load_state_dict(schedule.state_dict())
    for _ in range(20):
        assert again.lr == schedule.lr
        for one, its in ((made, schedule), (other, again)):
            one.step()
            its.after_step()
            its.after_epoch(1.0)


def test_anew_begins_from_the_start() -> None:
    made = optimizer()
    schedule = Schedule(made, Pace("step", 1.0, 40, 5, every=1))
    for _ in range(12):
        made.step()
        schedule.after_step()
    assert schedule.lr == pytest.approx(0.01)
    assert schedule.anew(Pace("step", 1.0, 40, 5, every=1)).lr == 1.0
