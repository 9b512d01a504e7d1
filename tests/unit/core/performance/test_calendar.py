import numpy as np
import pytest

from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.core.performance.calendar import read_calendar

DAY, HOUR = UNITS_NS["d"], UNITS_NS["h"]
MONDAY = 1_704_067_200_000_000_000  # 2024-01-01


def hours(days: int, keep: object) -> np.ndarray:
    time = MONDAY + np.arange(days * 24, dtype=np.int64) * HOUR
    weekday, hour = (time // DAY + 3) % 7, time // HOUR % 24
    return time[keep(weekday, hour)]


def test_a_market_that_never_closes_has_365_days() -> None:
    time = hours(21, lambda weekday, hour: weekday >= 0)
    calendar = read_calendar(time, HOUR)
    assert calendar.periods_per_year == 365
    assert list(calendar.period_ends) == list(range(23, 21 * 24, 24))
    assert calendar.years == pytest.approx(21 / 365)


def test_a_market_closed_at_weekends_has_252_days() -> None:
    time = hours(21, lambda weekday, hour: weekday < 5)
    calendar = read_calendar(time, HOUR)
    assert calendar.periods_per_year == 252
    assert len(calendar.period_ends) == 15
    assert calendar.years == pytest.approx(15 / 252)


def test_a_sunday_evening_belongs_to_mondays_trading_day() -> None:
    time = hours(22, lambda weekday, hour: (weekday < 5) | ((weekday == 6) & (hour >= 22)))
    calendar = read_calendar(time, HOUR)
    assert calendar.periods_per_year == 252
    assert len(calendar.period_ends) == 16
    assert set((time[calendar.period_ends] // DAY + 3) % 7) == {0, 1, 2, 3, 4}


def test_data_that_ends_on_a_sunday_evening_keeps_its_last_bar() -> None:
    time = hours(21, lambda weekday, hour: (weekday < 5) | ((weekday == 6) & (hour >= 22)))
    assert read_calendar(time, HOUR).period_ends[-1] == len(time) - 1


def test_a_few_days_without_a_weekend_count_as_a_market_that_never_closes() -> None:
    assert read_calendar(hours(4, lambda weekday, hour: weekday >= 0), HOUR).periods_per_year == 365


def test_a_single_missing_saturday_does_not_make_a_stock_exchange() -> None:
    time = hours(28, lambda weekday, hour: weekday >= 0)
    time = time[(time < MONDAY + 5 * DAY) | (time >= MONDAY + 6 * DAY)]
    calendar = read_calendar(time, HOUR)
    assert calendar.periods_per_year == 365
    assert len(calendar.period_ends) == 27
    assert calendar.years == pytest.approx(28 / 365)


def test_bars_longer_than_a_day_are_periods_themselves() -> None:
    time = MONDAY + np.arange(52, dtype=np.int64) * 7 * DAY
    calendar = read_calendar(time, 7 * DAY)
    assert calendar.periods_per_year == pytest.approx(365 / 7)
    assert list(calendar.period_ends) == list(range(52))
    assert calendar.years == pytest.approx(52 * 7 / 365)
