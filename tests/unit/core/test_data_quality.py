"""The check finds what was put into clean data, where it was put, and nothing in clean data."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.core.domain.data_quality import Severity, check, check_columns, check_series
from tradewind.core.domain.market_data import Bars, Funding, Kind
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market

HOUR = 3_600_000_000_000
DAY = 24 * HOUR
SHARED = Path(__file__).parents[3].parent / "shared"


def clean(bars: int = 200, timeframe: str = "1h") -> Bars:
    series = synthetic_market(SyntheticMarket(timeframe=timeframe, bars=bars, seed=5))[0]
    assert isinstance(series, Bars)
    return series


def raw(bars: Bars) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    columns = {name: column.copy() for name, column in bars.columns().items()}
    return columns.pop("time"), columns


def test_clean_candles_have_no_findings() -> None:
    assert check(clean(5_000)).findings == ()


def test_each_dirt_is_found_where_it_lies() -> None:
    table = [
        ("not_a_number", "error", lambda t, v: v["low"].__setitem__(7, np.nan), 7),
        ("not_a_number", "error", lambda t, v: v["volume"].__setitem__(8, np.inf), 8),
        ("price_not_positive", "error", lambda t, v: v["open"].__setitem__(9, 0.0), 9),
        ("price_not_positive", "error", lambda t, v: v["close"].__setitem__(10, -3.0), 10),
        ("negative_volume", "error", lambda t, v: v["volume"].__setitem__(11, -1.0), 11),
        ("disorder", "error", lambda t, v: t.__setitem__(20, t[18] + 60), 20),
        ("contradictions", "error", lambda t, v: t.__setitem__(21, t[20]), 21),
        ("bad_ohlc", "error", lambda t, v: v["high"].__setitem__(30, v["close"][30] * 0.99), 30),
        ("bad_ohlc", "error", lambda t, v: v["low"].__setitem__(31, v["open"][31] * 1.01), 31),
        ("wrong_step", "error", lambda t, v: t.__setitem__(40, t[40] - HOUR // 2), 40),
        ("off_grid", "warning", lambda t, v: t.__setitem__(40, t[40] + 60), 40),
        ("spikes", "warning", lambda t, v: v["close"].__setitem__(50, v["close"][50] * 3), 50),
        ("zero_volume", "note", lambda t, v: v["volume"].__setitem__(60, 0.0), 60),
    ]
    for name, severity, dirty, row in table:
        time, values = raw(clean())
        dirty(time, values)
        finding = check_columns(Kind.CANDLES, time, values, HOUR).finding(name)
        assert finding is not None, name
        assert (finding.severity, finding.count, finding.places[0].row) == (severity, 1, row), name
        assert finding.places[0].time_ns == time[row]
        assert finding.effect
        assert finding.meaning


def test_a_duplicate_with_equal_values_is_told_from_a_contradiction() -> None:
    bars = clean(50)
    time, values = raw_twice(bars)
    report = check_columns(Kind.CANDLES, time, values, HOUR)
    assert report.counts()["duplicates"] == 2
    assert "contradictions" not in report.counts()
    assert [place.row for place in report.finding("duplicates").places] == [50, 51]  # type: ignore[union-attr]


def raw_twice(bars: Bars) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rows = np.array([*range(len(bars)), 10, 20])
    return bars.time[rows], {name: getattr(bars, name)[rows] for name in bars.COLUMNS}


def test_a_gap_says_how_many_bars_are_missing_since_when() -> None:
    bars = clean(100).rows(np.array([*range(10), *range(13, 50), *range(51, 100)]))
    gaps = check(bars).finding("gaps")
    assert gaps is not None
    assert [place.what for place in gaps.places] == [
        "3 missing since 2024-01-01T10:00:00Z",
        "1 missing since 2024-01-03T02:00:00Z",
    ]
    assert [place.row for place in gaps.places] == [10, 47]


def test_a_run_of_equal_bars_is_stale_from_ten_on() -> None:
    for length, found in ((9, None), (10, 1), (40, 1)):
        time, values = raw(clean())
        for name in ("open", "high", "low", "close"):
            values[name][100 : 100 + length] = 50_000.0
        finding = check_columns(Kind.CANDLES, time, values, HOUR).finding("stale_runs")
        assert (finding.count if finding else None) == found
        if finding:
            assert finding.places[0].row == 100


def test_the_rest_of_a_week_is_no_gap_but_a_missing_wednesday_is() -> None:
    bars = clean(24 * 35)
    day = (bars.time // DAY + 3) % 7
    weekly = bars.rows(day < 5)
    report = check(weekly)
    assert report.counts() == {"weekly_rests": 4}  # the data ends on a Saturday
    holiday = weekly.rows((weekly.time < bars.time[0] + 9 * DAY) | (weekly.time >= bars.time[0] + 10 * DAY))
    assert check(holiday).counts() == {"weekly_rests": 4, "gaps": 1}
    # a market that trades on Saturdays has gaps there, not rests
    assert check(bars.rows((day < 5) | (bars.time > bars.time[0] + 25 * DAY))).counts() == {"gaps": 3}


def test_funding_stamped_some_milliseconds_late_is_not_missing() -> None:
    time = np.arange(50, dtype=np.int64) * 8 * HOUR
    time[20] += 4_000_000
    rates = np.full(50, 0.0001)
    assert check_series(Funding("BTC/USDT:USDT", time, rates)).findings == ()
    holes = Funding("BTC/USDT:USDT", np.delete(time, [10, 11]), rates[:48])
    assert check_series(holes).finding("gaps").places[0].what == "2 missing since 1970-01-04T08:00:00Z"  # type: ignore[union-attr]


def test_a_funding_rate_in_percent_is_suspected() -> None:
    time = np.arange(5, dtype=np.int64) * 8 * HOUR
    found = check_series(Funding("BTC/USDT:USDT", time, np.array([0.01, 0.01, -0.3, 0.01, 0.0])))
    assert found.finding("rate_too_large").places[0].row == 2  # type: ignore[union-attr]


def test_mark_prices_are_checked_too() -> None:
    report = check_columns(Kind.MARK, np.array([0, HOUR, HOUR]), {"price": np.array([1.0, -2.0, np.nan])})
    assert report.counts() == {"not_a_number": 1, "price_not_positive": 1, "contradictions": 1}


def test_errors_come_first() -> None:
    time, values = raw(clean().rows(np.array([*range(10), *range(20, 100)])))
    values["volume"][0] = 0.0
    values["high"][5] = 1.0
    assert [f.severity for f in check_columns(Kind.CANDLES, time, values, HOUR).findings] == [
        Severity.ERROR,
        Severity.WARNING,
        Severity.NOTE,
    ]


def test_no_rows_and_one_row_are_no_trouble() -> None:
    assert check(clean(10).slice(0, 0)).findings == ()
    assert check(clean(1)).findings == ()


@given(missing=st.sets(st.integers(1, 198)), seed=st.integers(0, 2**32))
def test_the_bars_said_to_be_missing_are_those_that_are(missing: set[int], seed: int) -> None:
    whole = synthetic_market(SyntheticMarket(bars=200, seed=seed))[0]
    assert isinstance(whole, Bars)
    kept = whole.rows(np.array(sorted(set(range(200)) - missing)))
    gaps = check(kept).finding("gaps")
    runs = sum(1 for row in missing if row + 1 not in missing)
    assert (gaps.count if gaps else 0) == runs
    if gaps and gaps.count <= len(gaps.places):
        assert sum(int(place.what.split()[0]) for place in gaps.places) == len(missing)


@given(st.permutations(range(40)))
def test_disorder_does_not_hide_what_else_is_there(order: list[int]) -> None:
    bars = clean(41)
    rows = np.array([row if row < 20 else row + 1 for row in order])  # bar 20 is missing
    values = {name: getattr(bars, name)[rows] for name in bars.COLUMNS}
    counts = check_columns(Kind.CANDLES, bars.time[rows], values, HOUR).counts()
    assert counts.pop("gaps") == 1
    assert counts.pop("disorder", 0) == sum(a > b for a, b in pairwise(order))
    assert counts == {}


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the developers' folder of real data")
def test_the_28_gaps_of_a_real_history_are_found() -> None:
    from tradewind.adapters.market_data.data_files import LocalDataFiles
    from tradewind.ports.data_files import Reading

    file = SHARED / "data" / "binance_spot_1h" / "BTC_USDT-1h_2017-2024.feather"
    rows = LocalDataFiles().read(file, Reading())
    report = check_columns(Kind.CANDLES, rows.time, rows.values, HOUR)
    assert report.counts() == {"gaps": 28, "spikes": 2, "zero_volume": 4}
