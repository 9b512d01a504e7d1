"""Laws 1, 2 and 7 of the engine, over random strategies on random markets."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from engine_examples import RUNS, SEEDS, assert_same, compiled, interpreted, random_symbol
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tradewind.core.domain.ledger import TOLERANCE, Ledger, exact, fold
from tradewind.core.domain.orders import FillReason
from tradewind.core.engine.market_data import MarketData

LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@given(RUNS)
@settings(LAW, max_examples=150)
def test_one_strategy_has_one_meaning_interpreted_and_compiled(example):
    assert_same(interpreted(*example), compiled(*example))


@given(RUNS)
@settings(LAW, max_examples=25)
def test_the_same_run_twice_gives_the_same_bytes(example):
    assert_same(interpreted(*example), interpreted(*example))
    assert_same(compiled(*example), compiled(*example))


def part(data: MarketData, rows: int, replaced: int | None = None) -> MarketData:
    """The first `rows` bars of the data; with `replaced`, bars of another market after them."""
    keep = np.arange(len(data)) < rows
    columns = {n: getattr(data, n)[keep] for n in ("time", "open", "high", "low", "close", "volume", "symbol")}
    if replaced is not None:
        other = random_symbol(replaced, len(data) - rows, 0.01, "S", False)
        later = {n: getattr(other, n) for n in ("open", "high", "low", "close", "volume")}
        later |= {"time": data.time[rows:], "symbol": data.symbol[rows:]}
        columns = {n: np.concatenate([columns[n], later[n]]) for n in columns}
    return replace(data, **columns)


def last_close(data: MarketData, rows: int, symbol: int) -> int:
    """When the symbol's last bar of the first `rows` closed."""
    return int(data.time[:rows][data.symbol[:rows] == symbol].max()) + data.step


@given(RUNS, st.floats(0.1, 0.95), SEEDS)
@settings(LAW, max_examples=60)
def test_no_strategy_changes_its_past_when_the_future_is_cut_or_replaced(example, share, seed):
    make, data, instruments, rules = example
    rules = replace(rules, close_at_end=False)
    cut = int(len(data) * share)
    while 0 < cut < len(data) and data.time[cut] == data.time[cut - 1]:
        cut += 1
    assume(0 < cut < len(data))
    end = int(data.time[cut - 1]) + data.step
    whole = interpreted(make, data, instruments, rules)
    for other in (part(data, cut), part(data, cut, seed)):
        changed = interpreted(make, other, instruments, rules)
        seen = [end if i not in data.symbol[:cut] else last_close(data, cut, i) for i in range(len(data.symbols))]
        for name in ("decisions", "fills", "fundings"):
            mine, theirs = getattr(whole, name), getattr(changed, name)
            if name == "decisions":
                mine, theirs = mine[mine["time"] <= end], theirs[theirs["time"] <= end]
            elif name == "fills":
                mine, theirs = mine[mine["bar"] < cut], theirs[theirs["bar"] < cut]
            else:  # a payment in a gap is settled when its symbol's next bar comes
                mine = mine[mine["time"] < np.array(seen)[mine["symbol"]]]
                theirs = theirs[theirs["time"] < np.array(seen)[theirs["symbol"]]]
            assert len(mine) == len(theirs), name
            for field in mine.dtype.names:
                assert mine[field].tobytes() == theirs[field].tobytes(), (name, field)


def number(value: float) -> Fraction:
    return Fraction(exact(value))


@given(RUNS)
@settings(LAW, max_examples=100)
def test_money_is_conserved_to_the_last_unit_and_the_float_account_stays_with_it(example):
    result = interpreted(*example)
    _, _, instruments, rules = example
    spot = frozenset(i for i, one in enumerate(instruments) if one.kind == "spot")
    start = exact(rules.cash)
    ledger = fold(Ledger(start), [*result.fills, *result.fundings], spot)
    worth = dict.fromkeys(ledger.held, Fraction(0))
    coins = dict(worth)
    for fill in result.fills:
        key = (int(fill["symbol"]), int(fill["leg"]))
        worth[key] += int(fill["side"]) * number(fill["size"]) * number(fill["price"])
        coins[key] += int(fill["side"]) * number(fill["size"]) - number(fill["fee_base"])
    on_spot = sum(value for (symbol, _), value in worth.items() if symbol in spot)
    # Nothing appears and nothing is lost.
    paid = Fraction(ledger.fees) + Fraction(ledger.funding)
    assert Fraction(ledger.cash) == Fraction(start) + Fraction(ledger.realized) - paid - on_spot
    assert Fraction(ledger.realized) - sum(map(Fraction, ledger.cost.values())) == on_spot - sum(worth.values())
    for key, held in ledger.held.items():
        if key[0] in spot:
            assert Fraction(held) == coins[key]
    # The engine's floats beside it.
    moved = float(ledger.turnover) + rules.cash
    assert abs(float(ledger.cash) - result.cash) <= TOLERANCE * moved
    x = result.strategy.exchange
    for (symbol, leg), held in ledger.held.items():
        p = x.positions[2 * symbol + (1 if rules.hedging and leg < 0 else 0)]
        if p.size * leg > 0 or held:
            assert float(held) == pytest.approx(p.size, rel=TOLERANCE, abs=1e-9)


@given(RUNS)
@settings(LAW, max_examples=60)
def test_an_account_that_is_liquidated_in_time_never_owes(example):
    """Closing must cost less than the maintenance margin: at 50 times, an order of one's own that slips 1 % can owe."""
    make, data, instruments, rules = example
    assert all(one.taker_fee < one.maintenance_margin for one in instruments)
    result = interpreted(make, data, instruments, replace(rules, slippage="none"))
    slack = 1e-9 * (rules.cash + float(np.abs(result.fills["size"] * result.fills["price"]).sum()))
    assert result.equity >= -slack


@given(RUNS)
@settings(LAW, max_examples=60)
def test_every_fill_without_slippage_is_at_a_price_that_its_bar_traded(example):
    make, data, instruments, rules = example
    instruments = [replace(one, tick=None) for one in instruments]
    result = interpreted(make, data, instruments, replace(rules, slippage="none"))
    for fill in result.fills:
        if fill["reason"] != FillReason.LIQUIDATION:
            bar = int(fill["bar"])
            assert data.symbol[bar] == fill["symbol"]
            assert data.low[bar] <= fill["price"] <= data.high[bar]


@given(RUNS)
@settings(LAW, max_examples=60)
def test_positions_are_the_sum_of_their_fills_and_stay_on_their_side(example):
    result = interpreted(*example)
    spot = example[2][0].kind == "spot"
    held: dict[tuple[int, int], float] = {}
    for fill in result.fills:
        leg = int(fill["leg"])
        key = (int(fill["symbol"]), leg)
        if not example[3].hedging:
            assert held.get((key[0], -leg), 0.0) == 0.0, "netting holds one side at a time"
        before = held.get(key, 0.0)
        after = before + int(fill["side"]) * float(fill["size"]) - float(fill["fee_base"])
        assert float(fill["position"]) == pytest.approx(after, rel=1e-9, abs=1e-9 * (1.0 + abs(before)))
        assert float(fill["position"]) * leg >= 0.0
        assert bool(fill["closing"]) == (int(fill["side"]) != leg)
        held[key] = float(fill["position"])
    assert not (spot and any(key[1] < 0 for key in held))
