"""Brackets, reduce-only orders and reversals: what protects a position lives exactly as long as the position."""

from dataclasses import replace
from decimal import Decimal

import pytest
from engine_scripts import CACHE, FREE, RULES, SPOT, buy, cancel, close, flat, merged, play, protect, sell

from tradewind.core.domain.orders import FillReason
from tradewind.core.engine.run import run
from tradewind.core.strategy.strategy import Strategy


def test_a_filled_target_cancels_its_stop():
    rows = [*flat(100, 2), (100, 111, 100, 110), (110, 110, 80, 85), *flat(85, 2)]
    played = play(rows, [buy(0, 1, sl=90, tp=110)])
    assert played.fills == [(1, 1, 1, 100), (2, -1, 1, 110)]
    assert played.reasons == ["ORDER", "TAKE_PROFIT"]
    assert (played.live, played.position) == (0, 0.0)


def test_closing_a_position_by_another_order_cancels_its_bracket():
    rows = [*flat(100, 4), (100, 100, 80, 85), *flat(85, 2)]
    played = play(rows, [buy(0, 1, sl=90, tp=110), close(1)])
    assert played.fills == [(1, 1, 1, 100), (2, -1, 1, 100)]
    assert played.live == 0


def test_a_reversal_ends_the_bracket_of_the_position_it_turned():
    """A stop of the first long must not close a part of the second."""
    rows = [*flat(100, 6), (100, 100, 80, 85), *flat(85, 2)]
    played = play(rows, [buy(0, 1, sl=90), sell(1, 2), buy(2, 2)])
    assert played.fills == [(1, 1, 1, 100), (2, -1, 1, 100), (2, -1, 1, 100), (3, 1, 1, 100), (3, 1, 1, 100)]
    assert played.live == 0


class TurnsRound(Strategy):
    """Long with a bracket, then short with one in the same order; at each bar it looks at the line of orders."""

    def setup(self):
        self.bars = 0
        self.twice = 0

    def on_bar(self, bar):
        self.bars += 1
        x = self.exchange
        for i in range(x.live):
            for j in range(i):
                if x.queue[i] == x.queue[j]:
                    self.twice += 1
        if self.bars == 1:
            self.buy(size=10.0, sl=90.0, tp=120.0)
        elif self.bars == 3:
            self.sell(size=20.0, sl=130.0, tp=80.0)


@pytest.mark.parametrize("engine", ["interpreted", "compiled"])
def test_no_order_stands_in_the_line_twice(engine):
    """The bracket of the turned position is put where that of the old one stood."""
    rows = [*flat(100, 6), (100, 100, 79, 79, 4.0), *flat(79, 4, volume=4.0)]
    result = run(TurnsRound, merged(rows), [FREE], replace(RULES, participation=1.0), engine, CACHE)
    assert result.strategy.twice == 0
    # The target fills in parts, and each part makes the stop as much smaller, once.
    assert [float(f["size"]) for f in result.fills] == [10.0, 10.0, 10.0, 4.0, 4.0, 2.0]
    assert result.strategy.exchange.live == 0


def test_the_reversals_own_bracket_stands():
    rows = [*flat(100, 4), (100, 106, 100, 105), *flat(105, 2)]
    played = play(rows, [buy(0, 1, sl=90), sell(1, 2, sl=105)])
    assert played.fills[-1] == (4, 1, 1, 105)
    assert (played.reasons[-1], played.position, played.live) == ("STOP_LOSS", 0.0, 0)


def test_a_bracket_grows_with_the_partial_fills_of_its_entry():
    rows = [*flat(100, 4, volume=4.0), (100, 100, 80, 85, 1000.0), *flat(85, 2)]
    played = play(rows, [buy(0, 10, sl=90, tp=120)], participation=0.5)
    # Two a bar in bars 1 to 3; at bar 4's open the other four; then the stop closes all ten.
    assert played.fills == [(1, 1, 2, 100), (2, 1, 2, 100), (3, 1, 2, 100), (4, 1, 4, 100), (4, -1, 10, 90)]
    assert played.live == 0


def test_a_target_filled_in_part_shrinks_its_stop():
    rows = [*flat(100, 2), (110, 110, 110, 110, 4.0), (100, 100, 85, 88, 1000.0), *flat(88, 2)]
    played = play(rows, [buy(0, 5, sl=90, tp=110)], participation=0.5)
    # Bar 2 has room for two of the five at the target, which by then is a market order for the other three.
    assert played.fills == [(1, 1, 5, 100), (2, -1, 2, 110), (3, -1, 3, 100)]
    assert (played.live, played.position) == (0, 0.0)


def test_two_entries_with_brackets_close_each_its_own_share():
    rows = [*flat(100, 4), (100, 100, 94, 95), (95, 95, 84, 85), *flat(85, 2)]
    played = play(rows, [buy(0, 1, sl=95), buy(1, 2, sl=85)])
    assert played.fills[2:] == [(4, -1, 1, 95), (5, -1, 2, 85)]
    assert played.live == 0


@pytest.mark.parametrize("sizes", [(0.1, 0.2), (0.7, 0.1), (0.3, 0.6)])
def test_no_order_is_left_over_by_the_rounding_of_sums(sizes):
    rows = [*flat(100, 5), (100, 100, 80, 85), *flat(85, 2)]
    played = play(rows, [buy(0, sizes[0]), buy(1, sizes[1]), protect(3, sl=90, tp=120)])
    assert (played.position, played.live) == (0.0, 0)


def test_protect_replaces_the_bracket_that_was_there():
    rows = [*flat(100, 4), (100, 100, 91, 92), (92, 92, 80, 82)]
    played = play(rows, [buy(0, 1, sl=95), protect(2, sl=85)])
    assert played.fills == [(1, 1, 1, 100), (5, -1, 1, 85)]


def test_protect_without_a_position_is_refused():
    assert play(flat(100, 3), [protect(0, sl=90)]).refused == {"NOTHING_TO_REDUCE": 1}


def test_with_latency_a_new_bracket_takes_as_long_as_any_order_and_the_old_one_stands_until_then():
    rows = [*flat(100, 3), (100, 100, 91, 92), (92, 92, 80, 82), *flat(82, 2)]
    played = play(rows, [buy(0, 1, sl=95), protect(2, sl=85)], latency_bars=1)
    assert played.fills == [(2, 1, 1, 100), (3, -1, 1, 95)]
    assert (played.live, played.position) == (0, 0.0)


def test_reduce_only_without_a_position_is_refused_when_it_arrives():
    played = play(flat(100, 4), [sell(0, 1, reduce_only=True)])
    assert (played.fills, played.refused, played.live) == ([], {"NOTHING_TO_REDUCE": 1}, 0)


def test_reduce_only_is_cut_down_to_the_position_and_then_done():
    played = play(flat(100, 6), [buy(0, 1), sell(1, 3, reduce_only=True), buy(2, 1)])
    assert played.fills == [(1, 1, 1, 100), (2, -1, 1, 100), (3, 1, 1, 100)]
    assert (played.position, played.live, played.refused) == (1.0, 0, {})


def test_a_reduce_only_limit_never_opens():
    rows = [*flat(100, 2), (100, 106, 100, 105), *flat(105, 2)]
    played = play(rows, [buy(0, 1), sell(0, 5, limit=104, reduce_only=True)])
    assert (played.fills, played.position) == ([(1, 1, 1, 100), (2, -1, 1, 104)], 0.0)


def test_closing_twice_in_one_bar_closes_once():
    played = play(flat(100, 5), [buy(0, 1), close(1), close(1)])
    assert (played.fills, played.refused, played.live) == ([(1, 1, 1, 100), (2, -1, 1, 100)], {}, 0)


def test_close_and_turn_round_in_one_bar():
    played = play(flat(100, 5), [buy(0, 1), close(1), sell(1, 2)])
    assert played.fills[1:] == [(2, -1, 1, 100), (2, -1, 2, 100)]
    assert played.position == -2.0


def test_cancelling_everything_takes_the_bracket_with_it():
    rows = [*flat(100, 4), (100, 100, 80, 85)]
    played = play(rows, [buy(0, 1, sl=90, tp=120), cancel(2)])
    assert (played.fills, played.live) == ([(1, 1, 1, 100)], 0)


def test_a_cancel_may_cross_a_fill_while_it_is_on_its_way():
    rows = [*flat(100, 3), (100, 100, 94, 95), *flat(95, 2)]
    # Decided at bar 2's close with one bar of latency, the cancel arrives when bar 3 is over.
    played = play(rows, [buy(0, 1, limit=95), cancel(2)], latency_bars=1)
    assert played.fills == [(3, 1, 1, 95)]
    played = play([*rows[:3], *flat(100, 1), *rows[3:]], [buy(0, 1, limit=95), cancel(2)], latency_bars=1)
    assert played.fills == []


def test_a_spot_sale_of_what_another_order_sold_already_is_refused():
    rows = [*flat(100, 3), (100, 106, 100, 105), *flat(105, 3)]
    played = play(rows, [buy(0, 1), sell(1, 1, limit=104), sell(1, 1, limit=105)], SPOT)
    assert played.fills == [(1, 1, 1, 100), (3, -1, 1, 104)]
    assert (played.live, played.refused) == (0, {"NO_SHORT": 1})


def test_a_spot_sale_sells_what_is_left_and_is_done():
    rows = [*flat(100, 3), (100, 106, 100, 105), *flat(105, 3)]
    played = play(rows, [buy(0, 3), sell(1, 2, limit=104), sell(1, 2, limit=105)], SPOT)
    assert played.fills[1:] == [(3, -1, 2, 104), (3, -1, 1, 105)]
    assert (played.live, played.position) == (0, 0.0)


def test_fees_in_base_leave_less_than_a_lot_which_is_no_position():
    coin = replace(SPOT, fee_in_base=True, taker_fee=Decimal("0.001"), lot=Decimal("0.01"))
    played = play(flat(100, 6), [buy(0, 1, sl=90, tp=120), close(1)], coin)
    # One bought, 0.001 kept as the fee: 0.999 held, of which 0.99 is a whole number of lots.
    assert played.fills[0] == (1, 1, 1, 100)
    assert played.fills[1][:2] == (2, -1)
    assert played.fills[1][2] == pytest.approx(0.99, abs=1e-12)
    assert played.position == pytest.approx(0.009, abs=1e-12)
    assert not played.exchange.positions[0]
    assert played.live == 0, "the bracket of a position that is closed but for dust is gone"


def test_one_whole_lot_is_a_position():
    coin = replace(SPOT, fee_in_base=True, lot=Decimal("0.01"))
    played = play(flat(100, 5), [buy(0, 0.01), close(2)], coin)
    assert played.fills == [(1, 1, 0.01, 100), (3, -1, 0.01, 100)]


def test_hedging_holds_both_legs_and_closes_them_apart():
    rows = [*flat(100, 3), (100, 106, 100, 105), *flat(105, 3)]
    played = play(
        rows, [buy(0, 1), sell(0, 2), sell(3, 1, reduce_only=True), buy(4, 1, reduce_only=True)], FREE, hedging=True
    )
    assert played.fills == [(1, 1, 1, 100), (1, -1, 2, 100), (4, -1, 1, 105), (5, 1, 1, 105)]
    assert [p.size for p in played.exchange.positions] == [0.0, -1.0]
    # +5 on the long, -5 on the closed half of the short.
    assert played.cash == 10_000.0


def test_close_with_hedging_closes_both_legs():
    played = play(flat(100, 5), [buy(0, 1), sell(0, 2), close(2)], hedging=True)
    assert played.fills[2:] == [(3, -1, 1, 100), (3, 1, 2, 100)]


def test_brackets_with_hedging_guard_their_own_leg():
    rows = [*flat(100, 2), (100, 100, 94, 95), (95, 106, 95, 105), *flat(105, 2)]
    played = play(rows, [buy(0, 1, sl=95), sell(0, 1, sl=105)], hedging=True)
    assert played.fills[2:] == [(2, -1, 1, 95), (3, 1, 1, 105)]
    assert played.live == 0


def test_when_the_table_of_orders_is_full_the_next_is_refused():
    acts = [buy(0, 1, limit=50 + i) for i in range(5)]
    played = play(flat(100, 3), acts, orders_max=4)
    assert (played.live, played.refused) == (4, {"TOO_MANY": 1})


@pytest.mark.parametrize("more", [{"sl": 99}, {"tp": 97}], ids=["stop above the entry", "target below it"])
def test_a_bracket_that_the_entry_has_passed_already_is_met_at_the_price_of_entry(more):
    rows = [*flat(100, 2), (100, 100, 97.5, 99.5), *flat(99, 1)]
    assert play(rows, [buy(1, 1, limit=98, **more)]).fills == [(2, 1, 1, 98), (2, -1, 1, 98)]


def test_a_position_closed_in_parts_is_flat_though_floats_do_not_add_up():
    rows = flat(100, 8)
    played = play(rows, [buy(0, 0.3), buy(1, 0.6), sell(2, 0.1), sell(3, 0.8), buy(4, 1)])
    assert 0.3 + 0.6 - 0.1 != 0.8
    assert played.fills[-1] == (5, 1, 1, 100)
    assert played.position == 1.0


def test_number_0_of_a_refused_order_cancels_nothing():
    class Refused(Strategy):
        def setup(self):
            self.bars = 0

        def on_bar(self, bar):
            self.bars += 1
            if self.bars == 1:
                self.buy(1, sl=95.0)
            elif self.bars == 3:
                number = self.buy(10_000, limit=90.0)
                self.cancel(number)

    rows = [*flat(100, 4), (100, 100, 90, 92), *flat(92, 2)]
    for engine in ("interpreted", "compiled"):
        result = run(Refused, merged(rows), [FREE], RULES, engine, CACHE)
        assert [(r.reason, r.count) for r in result.refusals] == [("FUNDS", 1)]
        assert [FillReason(int(f["reason"])).name for f in result.fills] == ["ORDER", "STOP_LOSS"]


def test_a_target_filled_in_parts_leaves_no_hair_of_its_stop():
    rows = [*flat(100, 3), (100, 110, 100, 110, 0.1), (110, 111, 110, 110, 0.2), *flat(110, 2)]
    tenths = replace(FREE, lot=Decimal("0.1"))
    acts = [buy(0, 0.3, sl=90, tp=105), buy(0, 0.5)]
    played = play(rows, acts, tenths, participation=1.0)
    assert played.fills[2:] == [(3, -1, 0.1, 105), (4, -1, 0.2, 110)]
    assert (played.live, played.position) == (0, 0.5)
