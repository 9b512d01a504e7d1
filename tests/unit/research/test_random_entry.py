"""Trades at given bars, and what has no random entry."""

from dataclasses import replace

import numpy as np
import pytest

from tradewind.core.domain.records import TRADE
from tradewind.core.domain.synthetic import SyntheticMarket, synthetic_market
from tradewind.core.engine.rules import MarketRules
from tradewind.core.strategy.bundled import STRATEGIES
from tradewind.research.backtest import Market, backtest
from tradewind.research.random_entry import Schedule, ScheduledTrades, enter_at_random

SCHEDULE = Schedule([3, 8, 20, 40], [8, 15, 21, 60], [1, -1, 1, -1], [0.0, 0.5, 0.25, 0.0])


class Planned(ScheduledTrades):
    """Four trades, two of them with the whole stake."""

    schedule = SCHEDULE


@pytest.fixture(scope="module")
def market() -> Market:
    bars = synthetic_market(SyntheticMarket(("BTC/USDT:USDT",), bars=80, seed=2))[0]
    return Market(bars, backtest(STRATEGIES["sma_cross"], bars, engine="interpreted").markets[0].instrument)


def test_trades_are_made_at_their_bars_with_their_sides_and_sizes(market: Market, kernels) -> None:
    result = backtest(Planned, market, cache=kernels, engine="interpreted")
    trades = result.trades
    # A decision at a bar's close is filled at the next bar's open.
    assert trades["entry_bar"].tolist() == [4, 9, 21, 41]
    assert trades["exit_bar"].tolist() == [9, 16, 22, 61]
    assert trades["side"].tolist() == [1, -1, 1, -1]
    share = trades["entry_price"] * trades["size"] / result.rules.cash
    assert share == pytest.approx([1.0, 0.5, 0.25, 1.0], abs=0.05)
    assert backtest(Planned, market, cache=kernels, engine="compiled").run.decision_hash == result.run.decision_hash


def test_a_run_that_began_late_is_entered_only_where_it_could_have_traded(kernels) -> None:
    bars = synthetic_market(SyntheticMarket(("BTC/USDT:USDT",), bars=900, seed=3))[0]
    rules = MarketRules(trade_from_ns=int(bars.time[500]), latency_bars=0)
    result = backtest(STRATEGIES["sma_cross"], bars, rules=rules, cache=kernels, parameters={"fast": 5, "slow": 20})
    found = enter_at_random(result, 20, 1, kernels)
    assert len(result.trades) >= 5
    assert (found.figures["trades"] >= 0.8 * len(result.trades)).all()
    assert found.equity.shape[0] == len(found.steps)


def trades(*spans: tuple[int, int], pnl: float = 1.0) -> np.ndarray:
    table = np.zeros(len(spans), TRADE)
    table["entry_bar"], table["exit_bar"] = np.array(spans).reshape(-1, 2).T
    table["side"], table["size"], table["entry_price"], table["pnl"] = 1, 1.0, 100.0, pnl
    return table


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"trades": trades()}, "no trades"),
        ({"trades": trades((3, 5))}, "only one trade"),
        ({"trades": trades((3, 9), (7, 12))}, "the trades overlap"),
        ({"trades": trades((1, 41), (41, 81))}, "there is no other bar to enter at"),
        ({"trades": trades((3, 5), (7, 9), pnl=-10_000.0)}, "the account had nothing left"),
        ({"trades": trades((3, 5), (7, 9)), "markets": ("one", "two")}, "one symbol and one position"),
    ],
)
def test_trades_that_cannot_be_moved_have_no_random_entry(market: Market, changes: dict, reason: str) -> None:
    result = backtest(STRATEGIES["sma_cross"], market, engine="interpreted")
    assert reason in enter_at_random(replace(result, **changes), 5, 1).reason
