"""Each bundled strategy does what its description says, on prices made for it."""

import re
from pathlib import Path

import bundled_markets as markets
import numpy as np
import pytest

from tradewind import BadInput, FillReason, MarketRules
from tradewind.core.engine.run import run
from tradewind.core.strategy.bundled import STRATEGIES

FREE = MarketRules(slippage="none", funding=False)
HOUR = markets.HOUR


def path(closes, symbol=markets.PERPETUAL, span=0.5, **more):
    """Hourly bars that open where the last one closed and reach `span` beyond both."""
    close = np.array(closes, float)
    opening = np.r_[close[0], close[:-1]]
    time = np.arange(len(close), dtype=np.int64) * HOUR
    high, low = np.maximum(opening, close) + span, np.minimum(opening, close) - span
    return markets.SymbolData(symbol, time, opening, high, low, close, np.full(len(close), 1e6), **more)


def played(name, *columns, rules=FREE, **given):
    data, instruments = markets.market(list(columns))
    return run(markets.maker(name, **given), data, instruments, rules, "interpreted")


def ramp(*legs):
    """Prices through the given (steps, change a step) legs from 100."""
    prices = [100.0]
    for steps, change in legs:
        prices += [prices[-1] + change * (i + 1) for i in range(steps)]
    return prices


WAVE = [100.0 + 20.0 * float(np.sin(i / 15.0)) + 0.02 * i for i in range(600)]


@pytest.mark.parametrize("shorts", [False, True])
def test_sma_cross_trades_at_the_open_after_the_averages_cross(shorts):
    result = played("sma_cross", path(WAVE), fast=5, slow=20, shorts=shorts)
    closes = np.array(WAVE)
    fast, slow = (np.convolve(closes, np.ones(n) / n)[: len(closes)] for n in (5, 20))
    above = fast > slow
    ups = [i for i in range(20, len(closes) - 1) if above[i] and not above[i - 1]]
    downs = [i for i in range(20, len(closes) - 1) if not above[i] and above[i - 1]]
    entries = result.fills[result.fills["closing"] == 0]
    assert [int(b) - 1 for b in entries["bar"][entries["side"] > 0]] == ups
    assert [int(b) - 1 for b in entries["bar"][entries["side"] < 0]] == (downs if shorts else [])
    assert len(ups) > 4


def test_ema_triple_goes_with_a_rise_and_with_a_fall():
    result = played("ema_triple", path(ramp((120, 1.0), (150, -1.0))))
    assert [int(f["leg"]) for f in result.fills if not f["closing"]] == [1, -1]
    assert result.equity > 10_000.0


def test_ema_triple_without_shorts_only_buys():
    result = played("ema_triple", path(ramp((120, 1.0), (150, -1.0))), shorts=False)
    assert set(result.fills["leg"]) == {1}


def test_macd_trend_does_not_buy_below_its_long_average():
    falling_waves = [400.0 - 0.5 * i + 6.0 * float(np.sin(i / 12.0)) for i in range(600)]
    result = played("macd_trend", path(falling_waves), trend=150)
    assert len(result.fills) > 10
    assert set(result.fills["leg"]) == {-1}


def test_supertrend_follower_leaves_a_crash_at_its_line_and_not_at_the_close():
    turned = ramp((40, -0.4), (80, 0.5))
    result = played("supertrend_follower", path([*turned, 60.0, 60.0]))
    stopped = result.fills[(result.fills["reason"] == FillReason.STOP_LOSS) & (result.fills["leg"] == 1)]
    assert len(stopped) == 1
    assert turned[-1] - 6.0 < stopped["price"][0] < turned[-1]


def test_donchian_breakout_loses_the_risked_share_at_its_stop():
    quiet = [100.0 + (i % 2) for i in range(60)]
    result = played("donchian_breakout", path([*quiet, 104.0, 104.0, 80.0, 80.0]), risk_percent=1.0, stop_ranges=2.0)
    entry, leave = result.fills[0], result.fills[1]
    assert leave["reason"] == FillReason.STOP_LOSS
    decided = result.decisions[0]
    assert decided["size"] * (104.0 - decided["stop_loss"]) == pytest.approx(100.0)
    assert -leave["realized"] == pytest.approx(entry["size"] * (entry["price"] - decided["stop_loss"]))


def test_donchian_breakout_never_buys_more_than_the_account_can_pay():
    calm = [100.0 + 0.001 * (i % 2) for i in range(60)]
    result = played("donchian_breakout", path([*calm, 100.5, 100.5], span=0.001), risk_percent=10.0)
    assert result.decisions[0]["size"] * 100.5 == pytest.approx(9_500.0)


def test_bollinger_reversion_buys_below_the_band_and_leaves_at_the_middle():
    swing = [100.0 + (i % 2) for i in range(40)]
    result = played("bollinger_reversion", path([*swing, 96.0, 97.0, 98.0, 99.0, 100.0, 101.0, 101.0]))
    entry, leave = result.fills
    assert (entry["side"], entry["price"]) == (1, 96.0)
    assert leave["price"] == 100.0
    assert leave["reason"] == FillReason.ORDER


def test_bollinger_breakout_waits_for_quiet_bands():
    noisy = [100.0 + 3.0 * (i % 2) for i in range(150)]
    quiet = [101.0 + 0.2 * (i % 2) for i in range(60)]
    assert len(played("bollinger_breakout", path([*noisy, 120.0, 121.0]), squeeze=0.9).fills) == 0
    entry = played("bollinger_breakout", path([*noisy, *quiet, 105.0, 106.0, 106.0]), squeeze=0.9).fills[0]
    assert (int(entry["bar"]), entry["side"]) == (211, 1)


def test_rsi_mean_reversion_buys_weakness_and_is_stopped_where_it_says():
    fall = ramp((30, -0.5))
    result = played("rsi_mean_reversion", path(fall), stop_percent=2.0)
    assert result.decisions[0]["stop_loss"] == pytest.approx(0.98 * fall[14])
    assert result.fills[1]["reason"] == FillReason.STOP_LOSS


def test_stochastic_momentum_buys_pull_backs_of_a_rise_only():
    rising_waves = [100.0 + 0.4 * i + 8.0 * float(np.sin(i / 6.0)) for i in range(500)]
    result = played("stochastic_momentum", path(rising_waves))
    assert len(result.fills) > 6
    assert set(result.fills["leg"]) == {1}


def test_grid_sells_each_rung_one_rung_higher():
    dip = [100.0, 100.0, 99.5, 98.5, 97.5, 98.5, 99.5, 100.5, 100.5]
    result = played("grid", path(dip, span=0.1), rungs=5, spacing=1.0)
    bought = result.fills[result.fills["side"] > 0]
    sold = result.fills[(result.fills["side"] < 0) & (result.fills["reason"] == FillReason.ORDER)]
    assert bought["price"].tolist() == [99.0, 98.0]
    assert sorted(sold["price"]) == [99.0, 100.0]
    assert set(bought["maker"]) | set(sold["maker"]) == {1}
    assert result.equity > 10_000.0


def test_grid_with_every_rung_bought_holds_no_more_than_its_share():
    result = played("grid", path(ramp((60, -0.2)), span=0.1), rungs=10, spacing=0.5, share=0.8)
    bought = result.fills[result.fills["side"] > 0]
    assert len(bought) == 10
    assert float((bought["size"] * bought["price"]).sum()) == pytest.approx(8_000.0)
    assert result.refusals == ()


def test_grid_moves_up_with_the_market_when_it_holds_nothing():
    result = played("grid", path(ramp((8, 1.5), (3, -0.6))), rungs=3, spacing=1.0)
    assert result.fills["price"][0] == pytest.approx(112.0 * 0.99)


def test_dca_spends_the_same_amount_every_so_many_days():
    prices = [100.0 + (i // 24) for i in range(24 * 30)]
    result = played("dca", path(prices), every_days=7, parts=10)
    bought = result.decisions
    gaps = np.diff(bought["time"]) / (24 * HOUR)
    assert gaps[1:].tolist() == [7.0] * (len(gaps) - 1)
    assert 6.0 < gaps[0] <= 7.0
    spent = bought["size"] * np.array([prices[int(t // HOUR) - 1] for t in bought["time"]])
    assert spent == pytest.approx(1_000.0)


def test_dca_stops_when_the_money_is_spent():
    result = played("dca", path([100.0] * 24 * 40), every_days=1, parts=5)
    bought = result.fills[result.fills["closing"] == 0]
    assert len(bought) == 5
    assert 9_700.0 < float((bought["size"] * bought["price"]).sum()) < 10_000.0
    assert result.refusals == ()


def test_dca_takes_profit_at_its_target_above_the_average_entry():
    result = played("dca", path([*[100.0] * 60, 111.0, 111.0, 111.0]), every_days=1, parts=10, target=10.0)
    sold = result.fills[(result.fills["closing"] == 1) & (result.fills["reason"] == FillReason.ORDER)]
    assert sold["price"].tolist() == [111.0]


def pair(spread):
    """Two perpetuals on one wandering market, the first dearer by `spread` (log) than the second."""
    common = np.cumsum(np.random.default_rng(5).normal(0.0, 0.004, len(spread)))
    first = path(100.0 * np.exp(common + spread), markets.PERPETUAL)
    return first, path(50.0 * np.exp(common), markets.OTHER)


def test_pairs_zscore_sells_the_dear_one_and_buys_the_cheap_one_for_the_same_money():
    noise = np.random.default_rng(6).normal(0.0, 0.001, 400)
    noise[300:310] += 0.0035
    result = played("pairs_zscore", *pair(noise), length=100, enter=3.0, stop=20.0, regression=False)
    entries = result.fills[result.fills["closing"] == 0][:2]
    assert entries["side"].tolist() == [-1, 1]
    assert entries["symbol"].tolist() == [0, 1]
    assert entries["size"][0] * entries["price"][0] == pytest.approx(entries["size"][1] * entries["price"][1], rel=0.02)
    assert len(result.fills) >= 4


def test_pairs_zscore_gives_up_at_its_stop_and_waits_until_the_spread_is_back():
    noise = np.random.default_rng(6).normal(0.0, 0.001, 400)
    noise[300:] += np.linspace(0.0, 0.2, 100)
    result = played("pairs_zscore", *pair(noise), length=100, enter=2.5, stop=3.5, leave=0.5, regression=False)
    late = result.decisions[result.decisions["time"] > 330 * HOUR]
    assert len(late) <= 3


def test_pairs_zscore_on_spot_is_refused_with_what_to_do():
    with pytest.raises(BadInput, match="Use two perpetuals"):
        played("pairs_zscore", path([100.0] * 50, "BTC/USDT"), path([100.0] * 50, "ETH/USDT"))


def carry_market(rate, bars=400, drift=0.0):
    spot = 100.0 * np.exp(drift * np.arange(bars))
    due = np.arange(8, bars, 8, dtype=np.int64) * HOUR
    funding = {"funding_time": due, "funding_rate": np.full(len(due), rate)}
    return path(spot, markets.SPOT), path(spot * 1.001, markets.PERPETUAL, **funding)


def test_funding_carry_is_paid_and_does_not_care_where_the_price_goes():
    for drift in (0.0003, -0.0003):
        result = played("funding_carry", *carry_market(0.0005, drift=drift), rules=MarketRules(slippage="none"))
        assert result.fills["side"][:2].tolist() == [1, -1]
        assert result.fills["size"][0] == result.fills["size"][1]
        assert float(result.fundings["paid"].sum()) < -80.0
        assert 10_050.0 < result.equity < 10_130.0


def test_funding_carry_is_taken_off_when_the_funding_turns_against_it():
    result = played("funding_carry", *carry_market(-0.0005), rules=MarketRules(slippage="none"), memory=5)
    paid = result.fundings["time"]
    first = result.decisions["time"][0]
    assert np.count_nonzero((paid >= first) & (paid < first + 41 * HOUR)) >= 5
    closed = result.fills[result.fills["closing"] == 1]
    assert closed["symbol"][:2].tolist() == [0, 1]
    assert closed["time"][0] < 80 * HOUR


def test_funding_carry_begins_anew_after_a_large_move_so_that_the_short_leg_never_runs_out_of_cash():
    result = played("funding_carry", *carry_market(0.0001, bars=800, drift=0.002), rules=MarketRules(slippage="none"))
    assert result.liquidations == 0
    assert np.count_nonzero((result.fills["closing"] == 0) & (result.fills["symbol"] == 1)) >= 4


def test_funding_carry_with_its_symbols_the_wrong_way_round_is_refused_with_what_to_do():
    spot, perpetual = carry_market(0.0001, bars=50)
    with pytest.raises(BadInput, match="Name them in this order"):
        played("funding_carry", perpetual, spot)


def test_every_strategy_has_a_test_of_its_own_behaviour():
    written = "".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_bundled_*.py"))
    named = re.findall(r"^def (test_\w+)", written, re.MULTILINE)
    assert all(any(name.startswith(f"test_{strategy}_") for name in named) for strategy in STRATEGIES)
