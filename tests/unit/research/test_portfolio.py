"""A portfolio worked out by hand: who gets what and when; who begins late, ends early, or goes broke."""

import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tradewind.core.domain.errors import BadInput, StrategyFailed
from tradewind.core.domain.instruments import Instrument
from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.orders import FillReason
from tradewind.core.engine.rules import MarketRules
from tradewind.core.performance.allocation import Allocation, weigh
from tradewind.core.performance.contribution import contributions
from tradewind.core.performance.correlation import correlations
from tradewind.core.performance.undefined import Undefined
from tradewind.core.strategy.parameters import param
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import Market
from tradewind.research.portfolio import Rebalancing, Sleeve, portfolio
from tradewind.research.reports.portfolio_page import portfolio_study
from tradewind.research.reports.portfolio_words import cautions
from tradewind.research.reports.study import render_study

CACHE = Path(tempfile.mkdtemp(prefix="tradewind-portfolio-tests-"))
DAY = 86_400 * 10**9
START = 1_704_067_200 * 10**9
"""2024-01-01, a Monday."""
FREE = {"maker_fee": Decimal(0), "taker_fee": Decimal(0)}
RULES = MarketRules(cash=1_000.0, slippage="none")


class Holder(Strategy):
    """Buys at its first chance, for all it has, and keeps it."""

    def setup(self):
        self.bought = False

    def on_bar(self, bar):
        if not self.bought:
            self.bought = True
            self.buy()


class Idle(Strategy):
    """Never does anything."""

    def on_bar(self, bar):
        pass


class Breaking(Strategy):
    """Divides by zero at its twentieth bar."""

    by = param(1.0)

    def setup(self):
        self.bars = 0

    def on_bar(self, bar):
        self.bars += 1
        if self.bars == 20:
            self.bars = int(1.0 / (self.by - 1.0))


def market(prices, name="A/USDT", first_day=0, kind="spot", **rules) -> Market:
    """Daily bars that open where the last one closed, without fees."""
    close = np.array(prices, float)
    opens = np.concatenate([close[:1], close[:-1]])
    time = START + (first_day + np.arange(len(close), dtype=np.int64)) * DAY
    bars = Bars(name, "1d", time, opens, np.maximum(opens, close), np.minimum(opens, close), close, np.ones(len(close)))
    return Market(bars, Instrument(name, kind=kind, **{**FREE, **rules}))


def hold(prices, name="A/USDT", first_day=0, **more) -> Sleeve:
    return Sleeve(Holder, market(prices, name, first_day), name=name[0], **more)


def days(moves):
    return [(m.time - START) // DAY for m in moves]


def run(sleeves, **more):
    return portfolio(sleeves, **{"rules": RULES, "engine": "interpreted", "every": "never", **more})


def test_each_begins_with_its_share():
    found = run([hold([100] * 5), hold([50] * 5, "B/USDT", share=3.0)])
    assert [flows[0] for flows in found.flows] == [(START, 250.0), (START, 750.0)]
    assert (found.reserve[0], found.equity[-1]) == (0.0, 1_000.0)


def test_a_rebalance_brings_holders_back_to_their_parts():
    """A doubles by day 7, when the week ends: 500 and 500 have become 1,000 and 500, and are made 750 each."""
    found = run([hold([100] * 3 + [200] * 11), hold([50] * 14, "B/USDT")], every="1w")
    assert [m.reason for m in found.moves] == ["a sleeve begins", "every 1w", "settled"]
    assert days(found.moves) == [0, 7, 8]
    selling, settled = found.moves[1:]
    assert selling.before == pytest.approx([2 / 3, 1 / 3])
    assert list(selling.cash) == [0.0, 0.0], "all the money was in positions, which are sold at the next open"
    assert settled.cash == pytest.approx([-250.0, 250.0])
    assert found.sleeve_equity[:, -1] == pytest.approx([750.0, 750.0])
    assert found.reserve[-1] == pytest.approx(0.0)
    rebalanced = [(int(f["bar"]), int(f["side"]), float(f["size"])) for f in found.runs[0].fills[1:2]]
    assert rebalanced == [(7, -1, 1.25)]
    bought = found.runs[1].fills[1]
    assert (bought["reason"], bought["bar"], bought["side"], bought["size"]) == (FillReason.REBALANCE, 8, 1, 5.0)


def test_without_resizing_only_free_cash_moves_and_the_page_says_what_did_not():
    sleeves = [hold([100] * 3 + [200] * 11), hold([50] * 14, "B/USDT")]
    found = run(sleeves, every="1w", resize=False)
    assert all(len(r.fills) == 2 for r in found.runs), "bought once, closed at the end"
    assert found.moves[-1].missed == pytest.approx(250.0)
    assert any("held by its positions; with resize" in said for said in cautions(found))
    half = replace(RULES, stake=0.5)
    moved = run(sleeves, every="1w", resize=False, rules=half).moves[-1]
    assert moved.cash == pytest.approx([-125.0, 125.0]), "half of A's 500 had stayed free, and 125 are too much"


@pytest.mark.parametrize(
    ("every", "expected"),
    [("never", []), ("7d", [7, 14, 21, 28, 35]), ("1w", [7, 14, 21, 28, 35]), ("2w", [14, 28]), ("1M", [31])],
)
def test_the_calendar_says_when(every, expected):
    found = run([hold([100] * 40), Sleeve(Idle, market([50] * 40, "B/USDT"))], every=every)
    assert days(found.moves)[1:] == expected


def test_weeks_begin_on_monday_and_months_on_their_first():
    plan = Rebalancing("1w")
    thursday = START + 3 * DAY
    assert [d for d in range(4, 20) if plan.is_due(START + d * DAY, thursday)] == [7, 14]
    assert [d for d in range(1, 70) if Rebalancing("1M").is_due(START + d * DAY, thursday)] == [31, 60]


def test_drift_is_looked_for_each_day():
    sleeves = [hold([100, 100, 100, 105, 130, *[130] * 6]), Sleeve(Idle, market([50] * 11, "B/USDT"))]
    found = run(sleeves, drift=0.05)
    assert [(d, m.reason) for d, m in zip(days(found.moves), found.moves, strict=True)][1:2] == [(5, "drift")]
    assert len(run(sleeves, drift=0.2).moves) == 1


def test_a_sleeve_that_begins_later_is_given_its_part_then():
    found = run([hold([100] * 20), hold([50] * 10, "B/USDT", first_day=10)])
    assert [(m.reason, d) for m, d in zip(found.moves, days(found.moves), strict=True)] == [
        ("a sleeve begins", 0), ("a sleeve begins", 10), ("settled", 11),
    ]  # fmt: skip
    assert found.moves[0].wanted == pytest.approx([1.0, 0.0])
    assert found.moves[-1].cash == pytest.approx([-500.0, 500.0])
    assert found.weights[:, 15] == pytest.approx([0.5, 0.5])


def test_what_a_sleeve_that_has_ended_leaves_goes_to_the_others():
    found = run([hold([100] * 20), hold([50] * 8, "B/USDT")])
    assert [(m.reason, d) for m, d in zip(found.moves, days(found.moves), strict=True)][1] == ("a sleeve has ended", 8)
    assert found.sleeve_equity[:, 12] == pytest.approx([1_000.0, 0.0])
    assert found.runs[1].fills[-1]["reason"] == FillReason.END_OF_DATA


def test_what_is_not_closed_at_the_end_stays_with_its_sleeve():
    rules = replace(RULES, close_at_end=False)
    found = run([hold([100] * 20), hold([50] * 6 + [75, 75], "B/USDT")], rules=rules)
    assert found.sleeve_equity[:, -1] == pytest.approx([500.0, 750.0])
    assert found.equity[-1] == pytest.approx(1_250.0)


def test_a_sleeve_that_is_used_up_gets_nothing_any_more():
    crash = market([100] * 4 + [60] * 26, "B/USDT:USDT", kind="perpetual")
    broke = Sleeve(Holder, crash, name="B", rules=MarketRules(leverage=10.0, slippage="none"))
    found = run([hold([100] * 30), broke], every="1w")
    assert found.runs[1].bankrupt
    assert found.moves[1].wanted == pytest.approx([1.0, 0.0])
    assert found.equity[-1] == pytest.approx(500.0)
    assert any("B was used up" in said for said in cautions(found))


def test_an_account_that_loses_everything_ends_with_nothing():
    crash = market([100] * 4 + [60] * 26, "B/USDT:USDT", kind="perpetual")
    broke = Sleeve(Holder, crash, rules=MarketRules(leverage=10.0, slippage="none"))
    found = run([broke], every="1w", allocation="kelly")
    assert found.equity[-1] == pytest.approx(0.0, abs=1e-6)
    assert found.metrics["sharpe"] is None
    render_study(portfolio_study(found))


def test_timeframes_may_differ():
    hours = market([100.0 + (i % 7) for i in range(24 * 10)], "A/USDT").bars
    time = START + np.arange(len(hours), dtype=np.int64) * 3_600 * 10**9
    fast = Market(replace(hours, timeframe="1h", time=time), Instrument("A/USDT", kind="spot", **FREE))
    found = run([Sleeve(Holder, fast, name="fast"), hold([50] * 10, "B/USDT")])
    assert len(found.time) == 240
    assert found.closes[-1] == START + 10 * DAY
    assert found.step_ns == 3_600 * 10**9
    assert len(found.weights[0]) == 10


def test_a_strategy_that_breaks_says_where_whichever_engine_runs_it():
    steady, breaking = hold([100] * 30), Sleeve(Breaking, market([50] * 30, "B/USDT"))
    for engine in ("interpreted", "compiled", "auto"):
        with pytest.raises(StrategyFailed, match=r"ZeroDivisionError.*2024-01-20"):
            run([steady, breaking], engine=engine, cache=CACHE)


class Writing(Strategy):
    """Keeps a dictionary, which does not compile."""

    def setup(self):
        self.seen = {}

    def on_bar(self, bar):
        self.seen[bar.time] = bar.close
        if len(self.seen) == 2:
            self.buy()


def test_a_sleeve_that_does_not_compile_is_interpreted_beside_one_that_does():
    sleeves = [hold([100] * 30), Sleeve(Writing, market([50] * 20 + [60] * 10, "B/USDT"), name="B")]
    found = run(sleeves, engine="auto", cache=CACHE)
    assert [r.engine for r in found.runs] == ["compiled", "interpreted"]
    assert any("B was interpreted, because this does not compile" in said for said in cautions(found))
    assert found.equity.tobytes() == run(sleeves).equity.tobytes()
    with pytest.raises(StrategyFailed, match="does not compile"):
        run(sleeves, engine="compiled", cache=CACHE)


def test_a_page_of_many_sleeves_names_the_largest_only():
    found = run([hold([100 + i] * 30, f"{chr(65 + i)}/USDT", share=1.0 + i) for i in range(12)], every="1w")
    page = render_study(portfolio_study(found))
    assert "L 15.4 · K 14.1 · J 12.8 …" in page


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"allocation": "best"}, "no allocation 'best'"),
        ({"every": "1y"}, "cannot rebalance every '1y'"),
        ({"every": 7}, "cannot rebalance every 7"),
        ({"drift": 0.0}, "drift must be between 0 and 1"),
        ({"rules": MarketRules(trade_from_ns=START)}, "begins with its first bar"),
    ],
)
def test_what_does_not_fit_is_refused(more, message):
    with pytest.raises(BadInput, match=message):
        run([hold([100] * 5)], **more)


def test_a_portfolio_needs_sleeves_each_with_its_name_and_share():
    with pytest.raises(BadInput, match="at least one sleeve"):
        run([])
    with pytest.raises(BadInput, match="2 sleeves are called 'A'"):
        run([hold([100] * 5), hold([50] * 5)])
    for share in (0, -1.0, float("nan"), float("inf"), "1", True):
        with pytest.raises(BadInput, match="share must be a number above 0"):
            hold([100] * 5, share=share)


@pytest.mark.parametrize(
    "given",
    [
        {"target_volatility": 0.0}, {"kelly_fraction": 1.5}, {"weight_max": 0}, {"invested_max": 1.01},
        {"lookback_days": 1}, {"history_min_days": 2.5}, {"history_min_days": 91}, {"weight_max": True},
        {"target_volatility": float("nan")},
    ],
)  # fmt: skip
def test_settings_of_an_allocation_outside_their_range_are_refused(given):
    with pytest.raises(BadInput):
        Allocation(**given)


def test_kelly_is_a_fraction_of_mean_over_variance_within_its_bounds():
    rng = np.random.default_rng(5)
    returns = rng.normal([0.0005, -0.002, 0.02], 0.02, (60, 3))
    rule = Allocation("kelly", kelly_fraction=0.1, weight_max=0.6, lookback_days=60)
    found = weigh(rule, returns, np.ones(3)).values
    kelly = 0.1 * returns.mean(axis=0) / returns.var(axis=0, ddof=1)
    raw = np.clip(kelly, 0.0, 0.6)
    assert raw[1] == 0.0
    assert raw[2] == 0.6
    assert found == pytest.approx(raw / max(1.0, raw.sum()))


def test_too_little_history_and_a_flat_record_give_plain_shares_with_the_reason():
    rng = np.random.default_rng(5)
    returns = rng.normal(0.0, 0.02, (60, 3))
    returns[:40, 1] = np.nan
    returns[:, 2] = 0.0
    found = weigh(Allocation("risk_parity"), returns, np.array([1.0, 2.0, 1.0]))
    assert found.values == pytest.approx([0.25, 0.5, 0.25])
    assert found.plain == {1: "20 days of returns, and 30 are needed", 2: "it has not moved in 60 days"}


def test_weights_come_from_days_that_are_over():
    """The record of A swings until day 40 and not after it; at the first month's end it is known to be twice B's."""
    rng = np.random.default_rng(2)
    wild = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, 45)))
    calm = 50 * np.exp(np.cumsum(rng.normal(0, 0.01, 45)))
    rule = Allocation("risk_parity", lookback_days=25, history_min_days=10)
    found = run([hold(wild), hold(calm, "B/USDT")], allocation=rule, every="30d")
    at = next(m for m in found.moves if m.reason == "every 30d")
    # A holder's record is its market's, from the day after it has bought.
    past = np.column_stack([np.diff(p[:30]) / p[:29] for p in (wild, calm)])[-25:]
    assert at.wanted == pytest.approx(weigh(rule, past, np.ones(2)).values, rel=1e-9)


def test_risk_is_undefined_where_nothing_moved_and_says_why():
    found = run([Sleeve(Idle, market([100] * 30), name="A"), Sleeve(Idle, market([50] * 30, "B/USDT"), name="B")])
    assert isinstance(found.contributions.volatility, Undefined)
    assert np.isnan(found.contributions.of_risk).all()
    assert np.isnan(found.correlation).all()
    page = render_study(portfolio_study(found))
    assert "Risk is undefined: all returns are equal" in page
    assert "A never asked for an order" in page


def test_contributions_of_two_parts_by_hand():
    profit = np.array([[10.0, 0.0], [-10.0, 5.0], [10.0, 5.0]])
    before = np.array([1_000.0, 1_010.0, 1_005.0])
    parts = contributions(profit, before, profit / 500.0, 1_000.0, 365.0)
    c = profit / before[:, None]
    covariance = np.cov(c, rowvar=False)
    assert parts.of_return == pytest.approx([0.01, 0.01])
    assert parts.volatility == pytest.approx(np.sqrt(covariance.sum() * 365))
    assert parts.of_risk == pytest.approx(covariance.sum(axis=1) / np.sqrt(covariance.sum()) * np.sqrt(365))


def test_correlations_are_numpys_where_there_are_enough_days():
    rng = np.random.default_rng(1)
    returns = rng.normal(0, 1, (50, 3))
    returns[:, 1] += returns[:, 0]
    returns[:35, 2] = np.nan
    found = correlations(returns)
    assert found[:2, :2] == pytest.approx(np.corrcoef(returns[:, :2], rowvar=False))
    assert np.isnan(found[2]).all()
    assert np.isnan(found[:, 2]).all()


def test_a_sleeves_own_return_is_on_the_capital_it_had():
    found = run([hold([100] * 10 + [110] * 10), hold([50] * 12 + [60] * 8, "B/USDT", first_day=10)])
    returns = found.own_returns
    # On day 10 half of A was sold at the open, at 100; what it brought still lay with A that day.
    assert returns[10, 0] == pytest.approx(0.05)
    assert np.isnan(returns[:11, 1]).all(), "B was paid when day 10 was over"
    assert returns[22, 1] == pytest.approx(0.2)


def test_what_is_paid_in_during_a_day_counts_in_that_days_capital():
    def hourly(name, prices):
        bars = market(np.repeat(prices, 24), name).bars
        time = START + np.arange(len(bars), dtype=np.int64) * 3_600 * 10**9
        return Sleeve(Holder, Market(replace(bars, timeframe="1h", time=time), Instrument(name, kind="spot", **FREE)))

    found = run([hourly("A/USDT", [100] * 2 + [200] * 12), hourly("B/USDT", [50] * 14)], every="1w")
    assert [when % DAY for when, _ in found.flows[1]][1:2] == [3_600 * 10**9]
    assert found.own_returns[7] == pytest.approx([0.0, 0.0])
    assert found.own_returns[2] == pytest.approx([1.0, 0.0])


def test_the_page_of_a_portfolio_stands_in_a_notebook():
    found = run([hold([100] * 30), hold([50] * 30, "B/USDT")])
    assert "Portfolio of 2 sleeves" in found._repr_html_()
    assert "2 sleeves" in repr(found)
