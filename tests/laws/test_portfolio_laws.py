"""What holds for every portfolio: the money is one account's, nothing peeks ahead, both engines are one."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from portfolio_examples import ALLOCATIONS, CACHE, DAYS, HOUR, PLANS, START, Follower, market, sleeves

from tradewind.core.domain.ledger import EXACT, Ledger, exact, fold
from tradewind.core.engine.rules import MarketRules
from tradewind.core.performance.allocation import METHODS, Allocation, weigh
from tradewind.core.performance.contribution import contributions
from tradewind.core.performance.risk_parity import equal_risk_weights
from tradewind.core.performance.undefined import Undefined
from tradewind.research.backtest import Market, backtest
from tradewind.research.portfolio import Sleeve, portfolio

few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@few
@given(sleeves(), PLANS)
def test_the_money_is_one_accounts_to_the_last_unit(made, plan):
    found = portfolio(made, cache=CACHE, **plan)
    moved, owed = Decimal(0), exact(found.cash)
    for flows, run, joined in zip(found.flows, found.runs, found.joined, strict=True):
        spot = frozenset(i for i, m in enumerate(joined.markets) if m.instrument.kind == "spot")
        alone = fold(Ledger(Decimal(0)), [*run.fills, *run.fundings], spot)
        paid = Decimal(0)
        ends = int(joined.merged.time[-1]) + joined.merged.step
        for when, amount in flows:
            moved = EXACT.add(moved, exact(amount))
            if when < ends:
                paid = EXACT.add(paid, exact(amount))
        # The engine's float account, with all that was paid in and out, beside the exact one of the same rows.
        assert abs(float(EXACT.add(paid, alone.cash)) - run.cash) <= 1e-9 * (found.cash + float(alone.turnover))
        owed = EXACT.add(owed, alone.cash)
    kept = EXACT.subtract(exact(found.cash), moved)
    assert abs(float(kept) - found.reserve[-1]) <= 1e-9 * found.cash, "what no sleeve was paid is the reserve"
    assert abs(float(owed) - found.equity[-1]) <= 1e-9 * found.cash * 100
    assert np.allclose(found.reserve + found.sleeve_equity.sum(axis=0), found.equity, rtol=1e-12, atol=1e-7)
    assert found.reserve.min() >= -1e-6
    for move in found.moves:
        at = np.searchsorted(found.closes, move.time, side="right") - 1
        worth = found.equity[at] if at >= 0 else found.cash
        assert move.equity == pytest.approx(worth, rel=1e-9), "engine and fills agree at every rebalance"
        assert move.after.sum() <= 1.0 + 1e-9


@few
@given(sleeves(), PLANS, st.integers(20, DAYS - 5), st.integers(0, 23), st.integers(0, 1_000))
def test_what_comes_later_changes_nothing_before_it(made, plan, day, hour, seed):
    cut = START + (day * 24 + hour) * HOUR
    one = portfolio(made, cache=CACHE, **plan)
    other = portfolio([replace(s, data=_garbled(s.data, cut, seed)) for s in made], cache=CACHE, **plan)
    known = int(np.searchsorted(one.closes, cut, side="right"))
    assert one.equity[:known].tobytes() == other.equity[:known].tobytes()
    assert one.sleeve_equity[:, : known - 1].tobytes() == other.sleeve_equity[:, : known - 1].tobytes()
    before, after = ([m for m in p.moves if m.time <= cut] for p in (one, other))
    assert [(m.time, m.reason, m.wanted.tobytes(), m.cash.tobytes()) for m in before] == [
        (m.time, m.reason, m.wanted.tobytes(), m.cash.tobytes()) for m in after
    ]


def _garbled(data: Market, cut: int, seed: int) -> Market:
    """Other prices in every bar that opens at the cut or later."""
    bars = data.bars
    late = bars.time + bars.step_ns > cut
    wild = np.exp(np.random.default_rng(seed).normal(0.0, 0.2, len(bars)))
    columns = {n: np.where(late, getattr(bars, n) * wild, getattr(bars, n)) for n in ("open", "high", "low", "close")}
    return replace(data, bars=replace(bars, **columns))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sleeves(), PLANS)
def test_interpreted_and_compiled_portfolios_are_one(made, plan):
    one = portfolio(made, engine="interpreted", **plan)
    other = portfolio(made, engine="compiled", cache=CACHE, **plan)
    assert one.equity.tobytes() == other.equity.tobytes()
    assert one.flows == other.flows
    for mine, theirs in zip(one.runs, other.runs, strict=True):
        assert mine.decision_hash == theirs.decision_hash
        assert mine.fills.tobytes() == theirs.fills.tobytes()


@pytest.mark.parametrize("method", METHODS)
def test_a_portfolio_of_one_sleeve_is_its_backtest(method):
    data = market(11, "1h", 0, DAYS, "perpetual")
    alone = backtest(Follower, data, cache=CACHE, close_at_end=True)
    allocation = Allocation(method, target_volatility=50.0, history_min_days=3) if method != "kelly" else Allocation()
    found = portfolio([Sleeve(Follower, data)], allocation=allocation, every="1w", cache=CACHE)
    assert found.runs[0].decision_hash == alone.run.decision_hash
    assert found.equity == pytest.approx(alone.equity, rel=1e-12)
    same = ("sharpe", "max_drawdown", "trades", "win_rate", "fees_paid", "exposure_time", "buy_and_hold")
    assert {n: found.metrics[n] for n in same} == pytest.approx({n: alone.metrics[n] for n in same}, rel=1e-9)


@few
@given(sleeves(), PLANS)
def test_contributions_sum_to_the_whole(made, plan):
    found = portfolio(made, cache=CACHE, **plan)
    parts = found.contributions
    assert parts.of_return.sum() == pytest.approx(found.metrics["total_return"], abs=1e-9)
    if isinstance(parts.volatility, Undefined):
        assert np.isnan(parts.of_risk).all()
        return
    assert parts.of_risk.sum() == pytest.approx(parts.volatility, rel=1e-9)
    assert parts.share_of_risk.sum() == pytest.approx(1.0, rel=1e-9)
    assert parts.volatility == pytest.approx(found.metrics["volatility"], rel=1e-9)


RETURNS = st.builds(
    lambda seed, days, n, scale: np.random.default_rng(seed).normal(0.0005, 0.02, (days, n)) * scale,
    st.integers(0, 10_000), st.integers(0, 120), st.integers(1, 6), st.sampled_from([0.1, 1.0, 5.0]),
)  # fmt: skip


@given(ALLOCATIONS, RETURNS, st.integers(0, 5), st.integers(0, 100))
def test_weights_stay_inside_their_bounds(rule, returns, dead, unknown):
    shares = np.ones(returns.shape[1])
    shares[dead % len(shares)] = 0.0
    returns[:unknown, 0] = np.nan
    found = weigh(rule, returns, shares)
    assert (found.values >= 0.0).all()
    assert (found.values <= rule.weight_max + 1e-12).all()
    assert found.values.sum() <= rule.invested_max + 1e-12
    assert found.values[dead % len(shares)] == 0.0
    assert dead % len(shares) not in found.plain


@given(st.integers(0, 10_000), st.integers(1, 8), st.floats(0.1, 10.0))
def test_at_risk_parity_every_part_carries_the_same_risk(seed, n, scale):
    rng = np.random.default_rng(seed)
    returns = rng.normal(0.0, 1.0, (60, n)) @ rng.normal(0.0, 1.0, (n, n)) * 0.01
    covariance = np.atleast_2d(np.cov(returns, rowvar=False)) + np.eye(n) * 1e-6
    weights = equal_risk_weights(covariance)
    carried = weights * (covariance @ weights)
    assert carried == pytest.approx(np.full(n, carried.mean()), rel=1e-6)
    assert weights.sum() == pytest.approx(1.0)
    # A part that swings `scale` times as much gets that much less beside the others.
    larger = covariance.copy()
    larger[0] *= scale
    larger[:, 0] *= scale
    moved = equal_risk_weights(larger)
    assert moved[0] / moved[-1] * (scale if n > 1 else 1.0) == pytest.approx(weights[0] / weights[-1], rel=1e-6)


@given(st.integers(0, 10_000), st.integers(1, 5), st.floats(0.01, 0.2))
def test_at_the_target_the_past_would_have_had_the_volatility_that_is_wanted(seed, n, target):
    returns = np.random.default_rng(seed).normal(0.0, 0.03, (80, n))
    found = weigh(Allocation("volatility_target", target_volatility=target, lookback_days=80), returns, np.ones(n))
    mixed = (returns @ found.values).std(ddof=1) * np.sqrt(365.0)
    assert mixed == pytest.approx(target, rel=1e-9) or found.values.sum() == pytest.approx(1.0)


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(2, 60))
def test_the_parts_of_any_profit_sum_to_its_risk(seed, n, periods):
    rng = np.random.default_rng(seed)
    profit = rng.normal(0.0, 100.0, (periods, n))
    before = 10_000.0 + np.concatenate([[0.0], np.cumsum(profit.sum(axis=1))[:-1]])
    parts = contributions(profit, before, profit / 5_000.0, 10_000.0, 365.0)
    whole = (profit.sum(axis=1) / before).std(ddof=1) * np.sqrt(365.0)
    assert parts.of_risk.sum() == pytest.approx(whole, rel=1e-9)
    assert parts.of_return.sum() == pytest.approx(profit.sum() / 10_000.0, abs=1e-12)
    assert parts.diversification >= 1.0 - 1e-12, "parts together never swing more than apart"


def test_rules_that_differ_by_sleeve_are_each_sleeves_own():
    data = [market(seed, "1h", 0, 30, "perpetual") for seed in (1, 2)]
    made = [Sleeve(Follower, data[0], rules=MarketRules(leverage=3.0)), Sleeve(Follower, data[1])]
    found = portfolio(made, every="never", cache=CACHE)
    for number, rules in enumerate((MarketRules(cash=5_000.0, leverage=3.0), MarketRules(cash=5_000.0))):
        alone = backtest(Follower, data[number], rules=rules, cache=CACHE)
        assert found.runs[number].fills.tobytes() == alone.run.fills.tobytes()
