"""The smart-money strategies do what their descriptions say: every order is held against labels worked out apart."""

import bundled_markets as markets
import numpy as np
import pytest

from tradewind import (
    ATR,
    DealingRange,
    FairValueGaps,
    Liquidity,
    MarketRules,
    MarketStructure,
    OrderBlocks,
    PreviousHighLow,
)
from tradewind.core.engine.constants import CANCEL
from tradewind.core.engine.run import run
from tradewind.core.indicators.batch import batch

HOUR = markets.HOUR
HIGHER = 6
RULES = MarketRules(slippage="none", funding=False, close_at_end=False)


@pytest.fixture(scope="module")
def bars():
    return markets.seeded((markets.PERPETUAL,), bars=6_000, seed=4)[0]


def played(name, bars, **given):
    data, instruments = markets.market([bars])
    return run(markets.maker(name, **given), data, instruments, RULES, "interpreted")


def higher(bars, indicator):
    """An indicator on bars of six hours, as it stands at the close of each hourly bar: a bar counts once it is over."""
    group = bars.time // (HIGHER * HOUR)
    first = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
    last = np.append(first[1:], len(group)) - 1
    columns = {
        "high": np.maximum.reduceat(bars.high, first), "low": np.minimum.reduceat(bars.low, first),
        "close": bars.close[last],
    }  # fmt: skip
    over = (bars.time[last] + HOUR) % (HIGHER * HOUR) == 0
    found = batch(indicator, **columns)
    known = np.searchsorted(np.where(over, last, len(group)), np.arange(len(group)), side="right") - 1
    return {name: np.where(known >= 0, values[np.maximum(known, 0)], np.nan) for name, values in found.items()}


def asked(result, bars):
    """The orders that were asked for, with the bar at whose close each was decided."""
    orders = result.decisions[result.decisions["action"] != CANCEL]
    opening = orders[np.isfinite(orders["stop_loss"])]
    rows = np.searchsorted(bars.time, opening["time"] - HOUR)
    assert (bars.time[rows] + HOUR == opening["time"]).all()
    return opening, rows


def test_order_block_retest_buys_a_return_into_a_block_that_the_higher_timeframe_agrees_with(bars):
    result = played("order_block_retest", bars)
    orders, rows = asked(result, bars)
    structure = higher(bars, MarketStructure(3))
    place = higher(bars, DealingRange(3))
    prices = {n: getattr(bars, n) for n in ("open", "high", "low", "close", "volume")}
    blocks = batch(OrderBlocks(5), **prices)
    atr = batch(ATR(14), high=bars.high, low=bars.low, close=bars.close)["value"]
    assert {1, -1} == set(orders["side"].tolist())
    assert len(orders) > 20
    for order, row in zip(orders, rows, strict=True):
        side = float(order["side"])
        assert structure["trend"][row] == side
        assert (place["value"][row] < 60.0) if side > 0 else (place["value"][row] > 40.0)
        kind = "bullish" if side > 0 else "bearish"
        top, bottom = blocks[f"{kind}_top"][row], blocks[f"{kind}_bottom"][row]
        assert bars.low[row] <= top
        assert bars.high[row] >= bottom
        beyond = bottom - 0.25 * atr[row] if side > 0 else top + 0.25 * atr[row]
        assert order["stop_loss"] == pytest.approx(beyond)
        risk = side * (bars.close[row] - beyond)
        assert order["take_profit"] == pytest.approx(bars.close[row] + 2.0 * side * risk)


def test_order_block_retest_risks_the_share_it_says_and_tries_no_block_twice(bars):
    orders, rows = asked(played("order_block_retest", bars, risk_percent=0.25), bars)
    risk = np.abs(bars.close[rows] - orders["stop_loss"]) * orders["size"]
    assert risk[0] == pytest.approx(25.0, rel=1e-9)
    assert (risk < 0.0026 * 12_000.0).all()
    same = orders["side"][1:] == orders["side"][:-1]
    assert not (same & (orders["stop_loss"][1:] == orders["stop_loss"][:-1])).any()


def test_order_block_retest_leaves_where_the_higher_structure_turns(bars):
    result = played("order_block_retest", bars, reward=10.0, buffer=3.0)
    trend = higher(bars, MarketStructure(3))["trend"]
    left = result.decisions[(result.decisions["action"] != CANCEL) & ~np.isfinite(result.decisions["stop_loss"])]
    assert len(left) > 3
    rows = np.searchsorted(bars.time, left["time"] - HOUR)
    assert (trend[rows] == left["side"]).all()


@pytest.fixture(scope="module")
def sweeps(bars):
    pools = batch(Liquidity(3, 1.0), high=bars.high, low=bars.low)
    days = batch(PreviousHighLow("1d"), high=bars.high, low=bars.low, time=bars.time)
    place = higher(bars, DealingRange(3))["value"]

    def began(broken):
        return np.nan_to_num(broken) > np.r_[0.0, np.nan_to_num(broken)[:-1]]

    lows = (pools["swept_lows"] > 0) | began(days["broken_low"])
    highs = (pools["swept_highs"] > 0) | began(days["broken_high"])
    return {1: lows & (place < 50.0), -1: highs & (place > 50.0)}


def test_liquidity_sweep_waits_for_sweep_turn_and_gap_in_this_order_and_inside_a_kill_zone(bars, sweeps):
    result = played("liquidity_sweep", bars)
    orders, rows = asked(result, bars)
    crossing = batch(MarketStructure(3), high=bars.high, low=bars.low, close=bars.close)["crossing"]
    gaps = batch(FairValueGaps(), open=bars.open, high=bars.high, low=bars.low, close=bars.close)
    assert {1, -1} == set(orders["side"].tolist())
    assert len(orders) > 20
    for order, row in zip(orders, rows, strict=True):
        side = int(order["side"])
        assert gaps["value"][row] == side
        assert order["limit"] == gaps["top" if side > 0 else "bottom"][row]
        hour = bars.time[row] // HOUR % 24
        assert 6 <= hour < 9 or 11 <= hour < 14
        window = np.arange(max(0, row - 23), row + 1)
        ran = window[sweeps[side][window]]
        turned = window[crossing[window] == side]
        extremes = [
            bars.low[start : row + 1].min() if side > 0 else bars.high[start : row + 1].max()
            for start in ran
            if (turned >= start).any()
        ]
        assert order["stop_loss"] in extremes
        risk = side * (order["limit"] - order["stop_loss"])
        assert order["take_profit"] == pytest.approx(order["limit"] + 2.0 * side * risk)


def test_liquidity_sweep_trades_at_any_hour_where_it_is_told_to(bars):
    _, rows = asked(played("liquidity_sweep", bars, kill_zones=False), bars)
    hours = set((bars.time[rows] // HOUR % 24).tolist())
    assert len(hours) > 12


def test_liquidity_sweep_withdraws_an_order_that_has_waited_too_long(bars, sweeps):
    patience = 6
    result = played("liquidity_sweep", bars, patience=patience, kill_zones=False)
    withdrawn = result.decisions[result.decisions["action"] == CANCEL]
    assert len(withdrawn) > 3
    rows = np.searchsorted(bars.time, withdrawn["time"] - HOUR)
    assert all(sweeps[1][row - patience] or sweeps[-1][row - patience] for row in rows)
    entries = result.fills[result.fills["closing"] == 0]
    for entry in entries:
        before = slice(max(0, int(entry["bar"]) - patience - 1), int(entry["bar"]))
        assert sweeps[int(entry["side"])][before].any()
