"""Fees, slippage, volume, latency and rounding, by numbers worked out by hand."""

from dataclasses import replace
from decimal import Decimal

import pytest
from engine_scripts import FREE, SPOT, buy, close, flat, play, sell

from tradewind.core.engine.rules import MarketRules

FEES = replace(FREE, maker_fee=Decimal("0.001"), taker_fee=Decimal("0.002"))


def test_a_taker_and_a_maker_pay_their_own_fee():
    rows = [*flat(100, 2), (100, 105, 99, 104), *flat(104, 2)]
    played = play(rows, [buy(0, 10), sell(1, 10, limit=103)], FEES)
    assert [float(f["fee"]) for f in played.result.fills] == pytest.approx([2.0, 1.03])
    assert played.cash == pytest.approx(10_000 + 30 - 3.03)


def test_a_negative_maker_fee_is_a_rebate():
    rebate = replace(FREE, maker_fee=Decimal("-0.0001"))
    played = play(flat(100, 4), [buy(0, 10, limit=99), buy(0, 10, limit=100)], rebate)
    assert played.makers == [False]
    rows = [*flat(100, 1), (100, 100, 98, 99), *flat(99, 2)]
    assert play(rows, [buy(0, 10, limit=99)], rebate).cash == pytest.approx(10_000 + 0.099)


def test_spot_fees_in_quote_come_out_of_cash():
    played = play(flat(100, 3), [buy(0, 10)], replace(SPOT, taker_fee=Decimal("0.002")))
    assert (played.cash, played.position) == (pytest.approx(8_998.0), 10.0)


def test_spot_fees_in_base_come_out_of_the_coins():
    coin = replace(SPOT, taker_fee=Decimal("0.002"), fee_in_base=True)
    played = play(flat(100, 3), [buy(0, 10)], coin)
    assert (played.cash, played.position) == (9_000.0, pytest.approx(9.98))
    assert float(played.result.fills[0]["fee_base"]) == pytest.approx(0.02)
    assert float(played.result.fills[0]["fee"]) == 2.0, "what it is worth in quote; cash did not pay it"


@pytest.mark.parametrize(("side", "price"), [(buy, 100.1), (sell, 99.9)])
def test_fixed_slippage_makes_a_takers_price_worse(side, price):
    played = play(flat(100, 3), [side(0, 10)], slippage="fixed", slippage_amount=0.001)
    assert played.fills[0][3] == pytest.approx(price)
    assert played.sum("slippage") == pytest.approx(1.0)


def test_limits_do_not_slip():
    rows = [*flat(100, 1), (100, 100, 98, 99), *flat(99, 2)]
    played = play(rows, [buy(0, 10, limit=99)], slippage="fixed", slippage_amount=0.01)
    assert played.fills[0][3] == 99.0


def test_slippage_by_volatility_is_a_share_of_the_average_true_range_so_far():
    rows = [(100, 103, 99, 100), (100, 102, 100, 101), (101, 111, 91, 101), *flat(101, 2)]
    played = play(rows, [buy(1, 10)], slippage="volatility", slippage_amount=0.1)
    # True ranges 4 and 2 before the fill: the average is 3; the bar that fills is not known yet.
    assert played.fills[0][3] == pytest.approx(101.3)


def test_slippage_by_volume_grows_with_the_orders_share():
    played = play(flat(100, 3, volume=50.0), [buy(0, 10)], slippage="volume", slippage_amount=0.01)
    assert played.fills[0][3] == pytest.approx(100.2)
    played = play(flat(100, 3, volume=5.0), [buy(0, 10)], slippage="volume", slippage_amount=0.01)
    assert played.fills[0][3] == pytest.approx(101.0), "a share is at most the whole volume"


def test_participation_spreads_an_order_over_bars_and_orders_share_a_bar():
    played = play(flat(100, 5, volume=20.0), [buy(0, 7), buy(0, 4)], participation=0.25)
    assert played.fills == [(1, 1, 5, 100), (2, 1, 2, 100), (2, 1, 3, 100), (3, 1, 1, 100)]


def test_a_bar_without_volume_fills_nothing_where_volume_counts():
    rows = [*flat(100, 1), *flat(100, 2, volume=0.0), *flat(100, 2, volume=100.0)]
    assert play(rows, [buy(0, 5)], participation=0.1).fills == [(3, 1, 5, 100)]
    assert play(rows, [buy(0, 5, tif=1)], participation=0.1).fills == []
    assert play(rows, [buy(0, 5)]).fills == [(1, 1, 5, 100)]


def test_a_triggered_stop_that_finds_no_volume_trades_at_the_next_open():
    rows = [*flat(100, 2), (100, 100, 90, 92, 0.0), (85, 86, 84, 85, 1000.0), *flat(85, 1)]
    played = play(rows, [buy(0, 10, sl=95)], participation=0.5)
    assert played.fills == [(1, 1, 10, 100), (3, -1, 10, 85)]


def test_latency_in_bars_delays_an_order():
    rows = [(100 + i,) * 4 for i in range(6)]
    assert play(rows, [buy(0, 1)], latency_bars=2).fills == [(3, 1, 1, 103)]


def test_latency_in_ms_fills_inside_the_bar_nearer_to_its_worst_price():
    rows = [*flat(100, 1), (100, 108, 96, 104), *flat(104, 2)]
    # A quarter of the minute has run: a quarter of the way to the worst price.
    assert play(rows, [buy(0, 1)], latency_ms=15_000).fills == [(1, 1, 1, pytest.approx(102.0))]
    assert play(rows, [sell(0, 1)], latency_ms=15_000).fills == [(1, -1, 1, pytest.approx(99.0))]


def test_a_limit_that_arrives_inside_a_bar_waits_for_the_next():
    rows = [*flat(100, 1), (100, 108, 90, 104), (104, 105, 95, 96)]
    assert play(rows, [buy(0, 1, limit=99)], latency_ms=15_000).fills == [(2, 1, 1, 99)]


def test_a_size_is_rounded_down_to_the_lot():
    lots = replace(FREE, lot=Decimal("0.001"))
    assert play(flat(100, 3), [buy(0, 1.23456)], lots).fills == [(1, 1, 1.234, 100)]
    assert play(flat(100, 3), [buy(0, 0.3)], replace(FREE, lot=Decimal("0.1"))).fills == [(1, 1, 0.3, 100)]


@pytest.mark.parametrize(
    ("instrument", "acts", "reason"),
    [
        (replace(FREE, lot=Decimal("0.1")), [buy(0, 0.05)], "BELOW_LOT"),
        (replace(FREE, size_min=Decimal("0.5")), [buy(0, 0.4)], "BELOW_LOT"),
        (replace(FREE, notional_min=Decimal(50)), [buy(0, 0.4)], "BELOW_NOTIONAL"),
        (replace(FREE, notional_min=Decimal(50)), [buy(0, 0.6, limit=80)], "BELOW_NOTIONAL"),
        (replace(FREE, tick=Decimal(10)), [buy(0, 0.6, limit=4)], "PRICE"),
        (replace(FREE, notional_min=Decimal(20_000)), [buy(0)], "BELOW_NOTIONAL"),
        (FREE, [sell(0, 1, reduce_only=True)], "NOTHING_TO_REDUCE"),
        (FREE, [buy(0, 1000)], "FUNDS"),
        (SPOT, [sell(0, 1)], "NO_SHORT"),
    ],
)
def test_what_the_venue_would_refuse_is_refused_with_its_reason(instrument, acts, reason):
    played = play(flat(100, 4), acts, instrument)
    assert (played.fills, played.refused, played.live) == ([], {reason: 1}, 0)


def test_prices_are_rounded_to_the_tick_against_the_trader():
    ticks = replace(FREE, tick=Decimal("0.5"))
    rows = [*flat(100, 1), (100, 104, 96, 100), *flat(100, 2)]
    assert play(rows, [buy(0, 1, limit=98.7)], ticks).fills == [(1, 1, 1, 98.5)]
    assert play(rows, [sell(0, 1, limit=101.2)], ticks).fills == [(1, -1, 1, 101.5)]
    assert play(rows, [buy(0, 1, stop=101.2)], ticks).fills == [(1, 1, 1, 101.5)]
    assert play(rows, [sell(0, 1, stop=98.7)], ticks).fills == [(1, -1, 1, 98.5)]
    played = play(rows, [buy(0, 1)], ticks, slippage="fixed", slippage_amount=0.001)
    assert played.fills == [(1, 1, 1, 100.5)]


def test_ticks_and_lots_give_the_float_nearest_to_the_decimal():
    fine = replace(FREE, tick=Decimal("0.1"), lot=Decimal("0.001"))
    rows = [*flat(100, 1), (100, 101, 0.1, 100), *flat(100, 2)]
    for number in (0.3, 0.7, 1.1, 33.3, 99.9):
        assert play(rows, [buy(0, 0.007, limit=number)], fine).fills == [(1, 1, 0.007, number)]


def test_the_same_cash_whichever_way_a_trade_is_split():
    rows = [*flat(100, 3), *flat(110, 4)]
    once = play(rows, [buy(0, 4), close(3)], FEES)
    twice = play(rows, [buy(0, 2), buy(1, 2), sell(3, 1), sell(3, 3)], FEES)
    assert once.cash == pytest.approx(twice.cash, rel=1e-12)


def test_a_stop_that_arrives_after_the_price_has_passed_it_fills_no_better_than_the_open():
    rows = [*flat(100, 1), (105, 106, 104, 105), *flat(105, 1)]
    assert play(rows, [buy(0, 1, stop=102)], latency_ms=100).fills == [(1, 1, 1, 105)]
    rows = [*flat(100, 1), (105, 106, 101, 105), *flat(105, 1)]
    assert play(rows, [buy(0, 1, stop=105.5)], latency_ms=100).fills == [(1, 1, 1, 105.5)]


def test_a_bar_without_volume_slips_by_the_whole_amount():
    played = play(flat(100, 3, volume=0.0), [buy(0, 10)], slippage="volume", slippage_amount=0.01)
    assert played.fills[0][3] == pytest.approx(101.0)


def test_each_kind_of_slippage_has_an_amount_of_its_own_where_none_is_given():
    used = {kind: MarketRules(slippage=kind).slippage_used for kind in ("none", "fixed", "volatility", "volume")}
    assert used == {"none": 0.0, "fixed": 0.0001, "volatility": 0.1, "volume": 0.1}
    assert MarketRules(slippage="volume", slippage_amount=0.0).slippage_used == 0.0
