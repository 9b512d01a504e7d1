import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_examples import market

from tradewind.core.domain.records import TRADE
from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.core.performance import METRICS
from tradewind.research.reports.axes import axis
from tradewind.research.reports.decimate import join_candles, telling_rows
from tradewind.research.reports.drawing import distribution, excursions
from tradewind.research.reports.wording import (
    day,
    duration,
    in_a_sentence,
    label_of,
    metric,
    moment,
    money,
    number,
    percent,
    price_decimals,
    signed,
)


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u2212", "-").replace("\u2013", "--")


def test_few_bars_are_drawn_as_they_are() -> None:
    bars = market("BTC/USDT", 100, "1h", 1)
    candles = join_candles(bars, 100)
    assert candles.time is bars.time
    assert candles.timeframe == "1h"


@pytest.mark.parametrize(
    ("n", "timeframe", "most"), [(1000, "1m", 300), (5000, "1h", 700), (900, "1d", 100), (400, "1w", 9)]
)
def test_joined_candles_lose_no_price(n: int, timeframe: str, most: int) -> None:
    bars = market("BTC/USDT", n, timeframe, 2)
    candles = join_candles(bars, most)
    assert len(candles.time) <= most
    assert candles.high.max() == bars.high.max()
    assert candles.low.min() == bars.low.min()
    assert (candles.open[0], candles.close[-1]) == (bars.open[0], bars.close[-1])
    for i in (0, len(candles.time) // 2, len(candles.time) - 1):
        inside = (bars.time >= candles.time[i]) & (bars.time < candles.time[i] + candles.step_ns)
        assert candles.high[i] == bars.high[inside].max()
        assert candles.low[i] == bars.low[inside].min()
        assert candles.open[i] == bars.open[inside][0]
        assert candles.close[i] == bars.close[inside][-1]


def test_a_gap_in_the_bars_stays_a_gap_in_joined_candles() -> None:
    bars = market("BTC/USDT", 2000, "1m", 3)
    holed = bars.rows(np.r_[0:500, 1500:2000])
    candles = join_candles(holed, 300)
    assert np.diff(candles.time).max() > 900 * UNITS_NS["m"]


@given(st.integers(1, 3000), st.integers(20, 400), st.integers(0, 9))
def test_the_drawn_rows_keep_every_extreme_and_are_few(n: int, most: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    lines = [rng.normal(size=n).cumsum(), rng.normal(size=n)]
    rows = telling_rows(lines, most)
    assert len(rows) <= max(most + 2, 6)
    assert (np.diff(rows) > 0).all()
    assert (rows[0], rows[-1]) == (0, n - 1)
    for line in lines:
        assert line[rows].max() == line.max()
        assert line[rows].min() == line.min()


def test_the_drawn_rows_are_spread_evenly_over_time() -> None:
    quiet_half = np.concatenate([np.zeros(50_000), np.random.default_rng(1).normal(size=50_000)])
    rows = telling_rows([quiet_half, quiet_half], 2000)
    assert len(rows) == pytest.approx(2000, abs=2)
    assert np.count_nonzero(rows < 50_000) == pytest.approx(1000, abs=2)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_an_axis_covers_its_values_with_round_ticks(low: float, width: float) -> None:
    scale = axis(low, low + width, 0.0, 100.0)
    rounding = 1e-6 * (abs(low) + width)
    assert scale.low <= low + rounding
    assert scale.high >= low + width - rounding
    assert 2 <= len(scale.ticks) <= 9
    assert scale.at(scale.low) == 0.0
    assert scale.at(scale.high) == pytest.approx(100.0)


@given(st.lists(st.floats(-0.9, 5.0), min_size=1, max_size=200))
def test_the_histogram_counts_every_trade_once_and_splits_at_zero(returns: list[float]) -> None:
    drawn = str(distribution(np.array(returns)))
    counts = [int(text) for text in re.findall(r": (\d+)</title>", drawn)]
    assert sum(counts) == len(returns)
    gains = sum(int(t) for t in re.findall(r'class="gain".*?: (\d+)</title>', drawn.replace("<rect", "\n<rect")))
    rounding = max(np.ptp(np.append(returns, 0.0)), 0.031) * 1e-9
    assert sum(r > rounding for r in returns) <= gains <= sum(r >= -rounding for r in returns)


def test_the_scatter_draws_each_trade_once_as_dot_or_cross() -> None:
    trades = np.zeros(5, TRADE)
    trades["pnl"], trades["run_up"], trades["drawdown"] = (
        [1, -1, 2, -2, 0],
        [0.1, 0.2, 0, 0.1, 0],
        [0, -0.1, 0, -0.3, 0],
    )
    drawn = str(excursions(trades))
    assert drawn.count("h0") == 2
    assert drawn.count("m-2-2l4 4") == 3
    assert "nan" not in drawn


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (number(1234567.891, 2), "1,234,567.89"),
        (number(-0.001, 2), "0.00"),
        (number(None, 2), "--"),
        (number(float("nan"), 2), "--"),
        (money(-1234.5, "USDT"), "-1,234.50 USDT"),
        (money(0.00012345), "0.0001234"),
        (money(0.0), "0.00"),
        (money(None), "--"),
        (percent(0.01234), "1.23 %"),
        (percent(-0.1234), "-12.3 %"),
        (percent(43.21), "4,321 %"),
        (percent(None), "--"),
        (signed(percent(0.1)), "+10.0 %"),
        (signed(percent(0.0)), "0.00 %"),
        (signed(percent(-0.1)), "-10.0 %"),
        (signed(percent(None)), "--"),
        (duration(0), "0 s"),
        (duration(90 * UNITS_NS["s"]), "1 min 30 s"),
        (duration(26 * UNITS_NS["h"]), "1 d 2 h"),
        (duration(2 * UNITS_NS["d"] + UNITS_NS["m"]), "2 d"),
        (duration(None), "--"),
        (moment(1_704_067_200_000_000_000), "2024-01-01 00:00"),
        (moment(1_704_067_205_000_000_000), "2024-01-01 00:00:05"),
        (moment(-1_000_000_000), "1969-12-31 23:59:59"),
        (day(1_704_067_200_000_000_000), "1 January 2024"),
        (metric("sharpe", 1.234, ""), "1.23"),
        (metric("turnover", 12345.6, ""), "12,346"),
        (metric("trades", 1200, ""), "1,200"),
        (metric("years", 1.5, ""), "1.50 years"),
        (metric("fees_paid", 3.0, "EUR"), "3.00 EUR"),
        (metric("max_drawdown_duration", 1.5, ""), "1 d 12 h"),
    ],
)
def test_figures_are_written_one_way(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("price", "decimals"), [(67000.0, 2), (150.0, 3), (1.5, 5), (0.00001234, 10), (0.0, 2), (float("nan"), 2)]
)
def test_prices_show_six_significant_digits(price: float, decimals: int) -> None:
    assert price_decimals(price) == decimals


def test_a_metric_has_one_name_on_its_own_and_one_in_a_sentence() -> None:
    assert [label_of(n) for n in ("sharpe", "max_drawdown", "mine")] == ["Sharpe ratio", "Maximum drawdown", "mine"]
    assert [in_a_sentence(n) for n in ("sharpe", "max_drawdown")] == ["Sharpe ratio", "maximum drawdown"]


def test_every_unit_can_be_written() -> None:
    assert all(metric(name, 1, "USDT") for name in METRICS)
