"""A run whose owner pays in, takes out and resizes between the bars: the same in both engines."""

from dataclasses import replace
from decimal import Decimal

import pytest
from engine_scripts import (
    CACHE,
    FREE,
    RULES,
    SPOT,
    ScriptedPair,
    assert_same,
    at,
    buy,
    close,
    flat,
    merged,
    order,
    scripted,
    sell,
    symbol_data,
)

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.orders import FillReason
from tradewind.core.engine.run import run
from tradewind.core.engine.stepwise import SteppedRun

REBALANCE = int(FillReason.REBALANCE)


def stepped(rows, acts, moves, instrument=FREE, rules=RULES, cash=10_000.0):
    """What came of the run in both engines, after `moves` of (bar, paid in, resize by) at each bar's open."""
    results = []
    for engine in ("interpreted", "compiled"):
        data = merged(rows)
        one = SteppedRun(scripted(acts), data, [instrument] * len(data.symbols), rules, cash, engine, CACHE)
        seen = []
        for bar, paid, change in moves:
            one.advance(at(bar))
            seen.append((one.worth, one.can_leave, one.cash, one.holds))
            one.move(paid, change)
        one.advance(one.ends_ns)
        results.append((one.finish(), seen))
    assert_same(results[0][0], results[1][0])
    assert results[0][1] == results[1][1]
    return results[0]


def fills(result):
    return [(int(f["bar"]), int(f["side"]), float(f["size"]), int(f["reason"])) for f in result.fills]


def test_a_run_in_steps_is_the_run():
    rows = [*flat(100, 3), *flat(110, 3), (110, 130, 90, 100), *flat(95, 4)]
    acts = [buy(1, 20, sl=92, tp=140), sell(6, 10), close(8)]
    result, _ = stepped(rows, acts, [(bar, 0.0, 0.0) for bar in range(1, 11)])
    assert_same(result, run(scripted(acts), merged(rows), [FREE], RULES, "interpreted"))


def test_cash_comes_and_goes_without_touching_positions():
    rows = [*flat(100, 3), *flat(110, 4)]
    result, seen = stepped(rows, [buy(0, 50)], [(2, 500.0, 0.0), (5, -3_000.0, 0.0)])
    # The margin of 50 at the price of the day stays; so does the profit that is not realised.
    assert seen == [(10_000.0, 5_000.0, 10_000.0, True), (11_000.0, 5_000.0, 10_500.0, True)]
    assert fills(result) == [(1, 1, 50.0, 0)]
    assert result.equity == 10_000 + 500 - 3_000 + 50 * 10


def test_spot_holds_what_it_has_bought():
    _, seen = stepped(flat(100, 5), [buy(0, 60)], [(3, -4_000.0, 0.0)], SPOT)
    assert seen == [(10_000.0, 4_000.0, 4_000.0, True)]


def test_more_than_is_free_cannot_leave():
    one = SteppedRun(scripted([buy(0, 60)]), merged(flat(100, 5)), [SPOT], RULES, 10_000.0, "interpreted")
    one.advance(at(3))
    with pytest.raises(BadInput, match="4000 are free"):
        one.move(-4_001.0)
    one.move(-4_000.0)
    assert one.can_leave == 0.0


def test_an_open_limit_order_holds_its_money():
    _, seen = stepped(flat(100, 5), [buy(0, 60, limit=90)], [(3, 0.0, 0.0)], SPOT)
    assert seen[0][1] == 10_000 - 60 * 90


def test_a_loss_not_yet_realised_cannot_leave_either():
    _, seen = stepped([*flat(100, 3), *flat(80, 3)], [buy(0, 20)], [(5, 0.0, 0.0)])
    assert seen[0][1] == 10_000 - 20 * 20 - 20 * 80


@pytest.mark.parametrize(
    ("side", "change", "expected"),
    [(1, -0.5, (4, -1, 10.0)), (1, 0.5, (4, 1, 10.0)), (-1, -0.5, (4, 1, 10.0)), (-1, 0.25, (4, -1, 5.0))],
)
def test_a_position_is_resized_at_the_next_open(side, change, expected):
    result, _ = stepped(flat(100, 7), [order(0, side, 20)], [(4, 0.0, change)])
    assert fills(result) == [(1, side, 20.0, 0), (*expected, REBALANCE)]
    assert len(result.decisions) == 1, "the strategy has not asked for it"


def test_the_bracket_is_resized_with_its_position():
    rows = [*flat(100, 5), (100, 100, 80, 85), *flat(85, 2)]
    for change, size in ((-0.5, 10.0), (0.5, 30.0)):
        result, _ = stepped(rows, [buy(0, 20, sl=90)], [(3, 0.0, change)])
        assert fills(result)[-1] == (5, -1, size, int(FillReason.STOP_LOSS))


def test_a_position_that_has_gone_is_not_resized_into_a_new_one():
    """The strategy closes or turns at the same open: its own order comes first."""
    for acts in ([buy(0, 20), close(3)], [buy(0, 20), sell(3, 30)]):
        for change in (-0.5, 0.5):
            result, _ = stepped(flat(100, 7), acts, [(4, 0.0, change)])
            assert REBALANCE not in {reason for *_, reason in fills(result)}
            assert result.refusals == (), "what went away was no fault"


def test_what_is_less_than_a_lot_is_left_as_it_is():
    lots = replace(FREE, lot=Decimal(1))
    result, _ = stepped(flat(100, 7), [buy(0, 20)], [(4, 0.0, -0.04)], lots)
    assert fills(result) == [(1, 1, 20.0, 0)]
    result, _ = stepped(flat(100, 7), [buy(0, 20)], [(4, 0.0, -0.08)], lots)
    assert fills(result)[-1] == (4, -1, 1.0, REBALANCE)


def test_a_position_grows_only_as_far_as_the_money_goes():
    """The price has doubled by the open at which what was paid in is spent."""
    rows = [*flat(100, 4), *flat(200, 4)]
    result, _ = stepped(rows, [buy(0, 100)], [(4, 5_000.0, 0.5)], SPOT)
    assert fills(result)[-1] == (4, 1, 25.0, REBALANCE)
    assert result.cash == 0.0


def test_a_later_resizing_takes_the_place_of_one_that_still_waits():
    rules = replace(RULES, latency_bars=3)
    result, _ = stepped(flat(100, 14), [buy(0, 20)], [(6, 0.0, -0.5), (7, 0.0, -0.25)], FREE, rules)
    assert fills(result) == [(4, 1, 20.0, 0), (10, -1, 5.0, REBALANCE)]


def test_taking_cash_out_brings_the_liquidation_nearer():
    rules = replace(RULES, leverage=5.0)
    rows = [*flat(100, 4), (100, 100, 80, 80), *flat(80, 3)]
    kept, seen = stepped(rows, [buy(0, 400)], [(3, 0.0, 0.0)], FREE, rules)
    thin, _ = stepped(rows, [buy(0, 400)], [(3, -2_000.0, 0.0)], FREE, rules)
    assert seen[0][1] == 2_000.0
    assert (kept.liquidations, thin.liquidations) == (0, 1)


def test_a_run_may_begin_with_nothing():
    result, seen = stepped(flat(100, 6), [buy(0, 10), buy(3, 10)], [(2, 5_000.0, 0.0)], SPOT, cash=0.0)
    assert seen == [(0.0, 0.0, 0.0, False)]
    assert fills(result) == [(4, 1, 10.0, 0)]
    assert result.refusals[0].reason == "FUNDS"


def test_several_symbols_are_resized_each():
    rows = [symbol_data(flat(100, 7), "A/USDT:USDT"), symbol_data(flat(50, 7), "B/USDT:USDT")]
    results = []
    for engine in ("interpreted", "compiled"):
        acts = [buy(0, 20), sell(0, 10, symbol=1)]
        one = SteppedRun(scripted(acts, ScriptedPair), merged(rows), [FREE, FREE], RULES, 10_000.0, engine, CACHE)
        one.advance(at(3))
        one.move(-1_000.0, -0.5)
        one.advance(one.ends_ns)
        results.append(one.finish())
    assert_same(*results)
    assert [(int(f["symbol"]), float(f["position"])) for f in results[0].fills][-2:] == [(0, 10.0), (1, -5.0)]
