"""Where a parameter may move to."""

import pytest

from tradewind.core.strategy.parameters import Parameter
from tradewind.research.parameter_jitter import neighbour, neighbourhood

DRAWS = [i / 400 for i in range(400)]


def neighbours(parameter: Parameter, value: float, jitter: float) -> list[float]:
    return sorted({neighbour(parameter, value, jitter, drawn) for drawn in DRAWS})


def test_whole_numbers_move_by_at_least_one() -> None:
    assert neighbours(Parameter(5, 2, 100), 5, 0.1) == [4, 5, 6]
    assert neighbours(Parameter(30, 2, 100), 30, 0.1) == [27, 28, 29, 30, 31, 32, 33]
    assert all(isinstance(v, int) for v in neighbours(Parameter(30, 2, 100), 30, 0.1))


def test_a_range_is_never_left() -> None:
    assert neighbours(Parameter(2, 2, 100), 2, 0.5) == [2, 3]
    assert min(neighbours(Parameter(1.0, 0.95, 3.0), 1.0, 0.2)) == 0.95
    assert max(neighbours(Parameter(1.0, 0.5, 1.05), 1.0, 0.2)) < 1.05


def test_steps_are_kept() -> None:
    assert neighbours(Parameter(50, 10, 90, 5), 50, 0.25) == [40, 45, 50, 55, 60]
    assert neighbours(Parameter(1.0, 0.5, 2.0, 0.25), 1.0, 0.1) == pytest.approx([0.75, 1.0, 1.25])


def test_all_neighbours_are_equally_likely() -> None:
    drawn = [neighbour(Parameter(10, 2, 50), 10, 0.2, d) for d in DRAWS]
    assert {v: drawn.count(v) for v in set(drawn)} == dict.fromkeys((8, 9, 10, 11, 12), 80)


def test_a_fraction_moves_evenly_about_itself() -> None:
    low, high = neighbourhood(Parameter(2.0, 0.0, 10.0), 2.0, 0.1)
    assert (low, high) == pytest.approx((1.8, 2.2))
    assert sum(neighbour(Parameter(2.0, 0.0, 10.0), 2.0, 0.1, d + 1 / 800) for d in DRAWS) / 400 == pytest.approx(2.0)


def test_zero_moves_by_a_fraction_of_its_range() -> None:
    assert neighbourhood(Parameter(0.0, -1.0, 1.0), 0.0, 0.1) == pytest.approx((-0.2, 0.2))


def test_switches_and_what_has_no_room_do_not_move() -> None:
    assert neighbourhood(Parameter(True), True, 0.5) is None
    assert neighbourhood(Parameter(0.0), 0.0, 0.5) is None
    assert neighbourhood(Parameter(3, 3, 3), 3, 0.5) is None
