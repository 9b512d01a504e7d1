"""Indicators that count by the clock: sessions, anchors, pivots, and what Ichimoku shows when."""

import numpy as np
import pytest
from indicator_bars import HOUR_NS, random_bars

from tradewind.core.indicators import VWAP, AnchoredVWAP, Donchian, Ichimoku, PivotPoints
from tradewind.core.indicators.batch import batch
from tradewind.core.indicators.periods import checked_instant_ns, period_origin_ns

DAY_NS = 24 * HOUR_NS


def run(indicator, **bars):
    return batch(indicator, engine="interpreted", **bars)


def test_a_session_begins_anew_at_midnight_utc():
    bars = random_bars(rows=60)
    values = run(VWAP("1d"), **bars)["value"]
    typical = (bars["high"] + bars["low"] + bars["close"]) / 3
    for first in (0, 24, 48):
        assert values[first] == pytest.approx(typical[first], rel=1e-15)
        assert values[first + 1] != pytest.approx(typical[first + 1], rel=1e-9)


def test_a_weekly_session_begins_on_monday():
    bars = random_bars(rows=24 * 12)
    bars["time"] = bars["time"] + 20_000 * DAY_NS  # 2024-10-04, a Friday
    values = run(VWAP("1w"), **bars)["value"]
    typical = (bars["high"] + bars["low"] + bars["close"]) / 3
    starts = [row for row in range(1, len(values)) if values[row] == pytest.approx(typical[row], rel=1e-14)]
    assert starts == [3 * 24, 10 * 24]


def test_times_before_1970_have_sessions_too():
    bars = random_bars(rows=50)
    bars["time"] = bars["time"] - 36 * HOUR_NS
    values = run(VWAP("1d"), **bars)["value"]
    typical = (bars["high"] + bars["low"] + bars["close"]) / 3
    assert values[12] == pytest.approx(typical[12], rel=1e-15)
    assert values[36] == pytest.approx(typical[36], rel=1e-15)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-02", DAY_NS),
        ("1970-01-01T01:30", 5_400_000_000_000),
        ("1970-01-01T02:00+01:00", HOUR_NS),
        ("1969-12-31T23:00:00.000001Z", -HOUR_NS + 1_000),
        (123, 123),
    ],
)
def test_an_anchor_is_read_as_utc(text, ns):
    assert checked_instant_ns(text, "AnchoredVWAP", "since") == ns


def test_an_anchored_average_is_ready_from_its_anchor_on():
    bars = random_bars(rows=60)
    indicator = AnchoredVWAP("1970-01-01T10:30")
    values = run(indicator, **bars)["value"]
    assert np.isnan(values[:11]).all()
    assert np.isfinite(values[11:]).all()
    for row in range(12):
        assert not indicator.ready
        indicator.update(*(bars[n][row].item() for n in ("high", "low", "close", "volume", "time")))
    assert indicator.ready
    assert indicator.warmup == 12


def test_a_bar_that_opens_on_the_anchor_is_the_first_that_counts():
    bars = random_bars(rows=20)
    values = run(AnchoredVWAP("1970-01-01T10:00"), **bars)["value"]
    typical = (bars["high"] + bars["low"] + bars["close"]) / 3
    assert np.isnan(values[:10]).all()
    assert values[10] == pytest.approx(typical[10], rel=1e-15)


def test_pivots_are_of_the_day_before_and_hold_all_day():
    bars = random_bars(rows=24 * 4)
    got = run(PivotPoints("1d"), **bars)
    assert np.isnan(got["pivot"][:24]).all()
    for day in (1, 2, 3):
        before, today = slice((day - 1) * 24, day * 24), slice(day * 24, (day + 1) * 24)
        high, low, close = bars["high"][before].max(), bars["low"][before].min(), bars["close"][before][-1]
        pivot = (high + low + close) / 3
        assert got["pivot"][today] == pytest.approx(np.full(24, pivot), rel=1e-14)
        assert got["r1"][today] == pytest.approx(np.full(24, 2 * pivot - low), rel=1e-14)
        assert got["s3"][today] == pytest.approx(np.full(24, low - 2 * (high - pivot)), rel=1e-14)


def test_a_day_that_was_not_seen_from_its_beginning_makes_no_pivots():
    bars = {name: column[5:] for name, column in random_bars(rows=24 * 3).items()}
    pivots = run(PivotPoints("1d"), **bars)["pivot"]
    assert np.isnan(pivots[: 19 + 24]).all()
    assert np.isfinite(pivots[19 + 24 :]).all()


def test_a_day_without_bars_makes_no_pivots_of_its_own():
    whole = random_bars(rows=24 * 4)
    kept = (whole["time"] < DAY_NS) | (whole["time"] >= 3 * DAY_NS)
    bars = {name: column[kept] for name, column in whole.items()}
    got = run(PivotPoints("1d"), **bars)["pivot"]
    assert got[24] == pytest.approx(run(PivotPoints("1d"), **whole)["pivot"][24], rel=1e-15)


def test_the_cloud_of_now_is_the_one_drawn_ahead_back_then():
    bars = random_bars(rows=150)
    got = run(Ichimoku(), **bars)
    short, medium, long = (run(Donchian(n), **bars)["value"] for n in (9, 26, 52))
    assert np.isnan(got["senkou_b"][:77]).all()
    np.testing.assert_array_equal(got["senkou_b"][77:], long[51:-26])
    np.testing.assert_array_equal(got["senkou_a"][77:], ((short + medium) / 2)[51:-26])
    np.testing.assert_array_equal(got["chikou_reference"][77:], bars["close"][51:-26])


def test_weeks_are_counted_from_a_monday_and_days_from_midnight():
    assert period_origin_ns(7 * DAY_NS) == 4 * DAY_NS
    assert period_origin_ns(DAY_NS) == 0
    assert period_origin_ns(4 * HOUR_NS) == 0
