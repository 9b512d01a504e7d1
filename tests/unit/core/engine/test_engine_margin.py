"""Leverage, margin and liquidation, by numbers worked out by hand."""

from dataclasses import replace
from decimal import Decimal

import pytest
from engine_scripts import FREE, SPOT, at, buy, close, flat, play, sell, symbol_data

CRASH = [*flat(100, 2), (100, 100, 80, 82), *flat(82, 2)]


def test_an_order_larger_than_the_account_carries_is_refused():
    played = play(flat(100, 3), [buy(0, 101)])
    assert (played.fills, played.refused) == ([], {"FUNDS": 1})
    assert play(flat(100, 3), [buy(0, 100)]).fills == [(1, 1, 100, 100)]


def test_leverage_multiplies_what_the_account_carries():
    assert play(flat(100, 3), [buy(0, 1000)], leverage=10.0).fills == [(1, 1, 1000, 100)]
    assert play(flat(100, 3), [buy(0, 1001)], leverage=10.0).refused == {"FUNDS": 1}


def test_an_order_without_a_size_uses_the_stake():
    assert play(flat(100, 3), [buy(0)], stake=0.5).fills == [(1, 1, 50, 100)]
    assert play(flat(100, 3), [buy(0)], leverage=3.0).fills == [(1, 1, pytest.approx(300), 100)]


def test_open_limit_orders_hold_funds():
    played = play(flat(100, 3), [buy(0, 60, limit=90), buy(0, 60, limit=90)])
    assert (played.live, played.refused) == (1, {"FUNDS": 1})


@pytest.mark.parametrize("margin", ["cross", "isolated"])
@pytest.mark.parametrize("leverage", [1.0, 5.0, 20.0])
@pytest.mark.parametrize("slippage", [0.0, 0.001])
def test_a_reversal_with_the_whole_stake_turns_all_of_it(margin, leverage, slippage):
    """The freed margin, the profit or loss and the slippage of the closing part all count for the opening one."""
    rows = [*flat(100, 3), *flat(101, 3)]
    costs = replace(FREE, taker_fee=Decimal("0.0005"))
    more = {"slippage": "fixed", "slippage_amount": slippage} if slippage else {}
    played = play(rows, [buy(0), sell(3)], costs, margin=margin, leverage=leverage, **more)
    assert (played.refused, [f[1] for f in played.fills]) == ({}, [1, -1, -1])
    opened = played.fills[2][2]
    closed = played.result.fills[1]
    # After closing there is `cash`; the new position's margin and fee must use it up, and no more than it.
    need = opened * played.fills[2][3] * (1 / leverage + 0.0005)
    assert need == pytest.approx(float(closed["cash"]), rel=1e-9)


def test_a_reversal_after_a_loss_on_isolated_margin_cannot_spend_the_lost_money():
    rows = [*flat(100, 4), *flat(150, 3)]
    played = play(rows, [sell(0, 100), buy(3, 200)], margin="isolated", liquidation=False)
    # The short is closed at 150 for a loss of 5,000; what is left does not carry 100 coins at 150.
    assert played.fills == [(1, -1, 100, 100), (4, 1, 100, 150)]
    assert (played.refused, played.cash) == ({"FUNDS": 1}, 5000.0)


def test_a_stop_reversal_far_from_the_open_is_carried_at_its_own_price():
    rows = [*flat(100, 3), (100, 100, 79, 80), *flat(80, 2)]
    played = play(rows, [buy(0, 100), sell(2, 180, stop=80)], leverage=1.0)
    # At 80 the account is worth 8,000: 100 coins close and 80 open are carried to the last cent.
    assert played.fills[1:] == [(3, -1, 100, 80), (3, -1, 80, 80)]
    assert play(rows, [buy(0, 100), sell(2, 202, stop=80)], leverage=1.0).refused == {"FUNDS": 1}


def test_an_isolated_long_is_liquidated_where_its_margin_is_down_to_maintenance():
    played = play(CRASH, [buy(0, 10)], leverage=10.0, margin="isolated")
    # Margin 100, maintenance 0.5 %: (10 x 100 - 100) / (10 x 0.995).
    price = 900 / 9.95
    assert played.fills[1] == (2, -1, 10, pytest.approx(price))
    assert played.reasons == ["ORDER", "LIQUIDATION"]
    assert played.cash == pytest.approx(10_000 - 10 * (100 - price))
    assert (played.result.liquidations, played.result.bankrupt) == (1, False)


def test_an_isolated_short_is_liquidated_above():
    rows = [*flat(100, 2), (100, 120, 100, 118), *flat(118, 2)]
    played = play(rows, [sell(0, 10)], leverage=10.0, margin="isolated")
    assert played.fills[1] == (2, 1, 10, pytest.approx(1100 / 10.05))


def test_a_cross_position_has_the_whole_account_behind_it():
    played = play(CRASH, [buy(0, 10)], leverage=10.0, margin="cross")
    assert len(played.fills) == 1
    played = play(CRASH, [buy(0, 800)], leverage=10.0, margin="cross")
    # (800 x 100 - 10,000) / (800 x 0.995)
    assert played.fills[1] == (2, -1, 800, pytest.approx(70_000 / 796))


def test_the_liquidation_fee_takes_no_more_than_is_left():
    costly = replace(FREE, liquidation_fee=Decimal("0.02"))
    played = play(CRASH, [buy(0, 10)], costly, leverage=10.0, margin="isolated")
    # What is left of the margin at the liquidation price is the maintenance margin; the fee would be four times it.
    price = 900 / 9.95
    left = 100 - 10 * (100 - price)
    assert played.result.fills[1]["fee"] == pytest.approx(left)
    assert played.cash == pytest.approx(9_900)


@pytest.mark.parametrize("margin", ["cross", "isolated"])
def test_a_gap_beyond_bankruptcy_takes_the_margin_and_no_more(margin):
    rows = [*flat(100, 2), *flat(50, 3)]
    size, left = (1000, 0.0) if margin == "cross" else (500, 5000.0)
    played = play(rows, [buy(0, size)], leverage=10.0, margin=margin)
    assert played.fills[1][:3] == (2, -1, size)
    assert played.fills[1][3] == pytest.approx(90.0), "the price at which the margin is used up"
    assert played.cash == pytest.approx(left)
    assert played.result.bankrupt == (margin == "cross")


def test_a_bankrupt_account_orders_no_more():
    rows = [*flat(100, 2), *flat(50, 4)]
    played = play(rows, [buy(0, 1000), buy(3, 0.001)], leverage=10.0)
    assert played.refused == {"BANKRUPT": 1}


def test_a_stop_before_the_liquidation_price_saves_the_margin():
    played = play(CRASH, [buy(0, 10, sl=95)], leverage=10.0, margin="isolated")
    assert (played.fills[1], played.reasons[1]) == ((2, -1, 10, 95), "STOP_LOSS")
    assert played.result.liquidations == 0


def test_a_stop_beyond_the_liquidation_price_comes_too_late():
    played = play(CRASH, [buy(0, 10, sl=85)], leverage=10.0, margin="isolated")
    assert played.reasons == ["ORDER", "LIQUIDATION"]
    assert played.live == 0


def test_without_liquidation_a_position_is_carried_below_nothing():
    played = play([*flat(100, 2), *flat(50, 3)], [buy(0, 1000)], leverage=10.0, liquidation=False)
    assert (len(played.fills), played.equity) == (1, -40_000.0)


def test_liquidation_cancels_the_bracket():
    played = play(CRASH, [buy(0, 10, sl=85, tp=150)], leverage=10.0, margin="isolated")
    assert played.live == 0


def pair(first, second):
    return [symbol_data(first, "A/USDT:USDT"), symbol_data(second, "B/USDT:USDT")]


def test_cross_margin_over_two_symbols_liquidates_all_of_them_together():
    data = pair([*flat(100, 2), (100, 100, 60, 62), *flat(62, 2)], flat(100, 5))
    played = play(data, [buy(0, 250), buy(0, 50, symbol=1)], leverage=5.0)
    # 10,000 + 250 (p - 100) = 0.005 (250 p + 5,000), so p (250 - 1.25) = 15,025.
    price = 15_025 / 248.75
    assert played.reasons == ["ORDER", "ORDER", "LIQUIDATION", "LIQUIDATION"]
    assert played.fills[2][3] == pytest.approx(price)
    assert played.fills[3][3] == 100.0
    assert played.cash == pytest.approx(10_000 + 250 * (price - 100))


@pytest.mark.parametrize(
    "entry",
    [buy(0, 400, sl=70), buy(1, 400, limit=100, sl=70), sell(1, 400, stop=100, sl=130)],
    ids=["opened before", "a limit inside the bar", "a stop inside the bar"],
)
def test_a_stop_beyond_the_margin_call_of_two_symbols_comes_too_late(entry):
    data = pair([*flat(100, 2), (101, 140, 60, 62), *flat(62, 2)], flat(100, 5))
    played = play(data, [entry], leverage=5.0)
    side = played.fills[0][1]
    # 10,000 + 400 (p - 100) = 0.005 x 400 p for the long, 10,000 + 400 (100 - p) for the short
    price = 30_000 / 398 if side > 0 else 50_000 / 402
    assert played.reasons == ["ORDER", "LIQUIDATION"]
    assert played.fills[1][3] == pytest.approx(price)
    assert played.cash == pytest.approx(10_000 + side * 400 * (price - 100))


def test_a_gap_beyond_bankruptcy_over_two_symbols_leaves_nothing_and_owes_nothing():
    data = pair([*flat(100, 2), *flat(40, 3)], flat(100, 5))
    costly = replace(FREE, liquidation_fee=Decimal("0.005"))
    played = play(data, [buy(0, 250), buy(0, 50, symbol=1)], costly, leverage=5.0)
    assert played.cash == pytest.approx(0.0, abs=1e-9)
    assert played.fills[2][3] == pytest.approx(60.0)
    assert played.result.bankrupt


def test_isolated_margin_over_two_symbols_liquidates_one():
    data = pair([*flat(100, 2), (100, 100, 60, 62), *flat(62, 2)], flat(100, 5))
    played = play(data, [buy(0, 50), buy(0, 50, symbol=1)], leverage=5.0, margin="isolated")
    assert played.reasons == ["ORDER", "ORDER", "LIQUIDATION"]
    assert played.fills[2][3] == pytest.approx(4000 / (50 * 0.995))


def test_a_hedged_pair_of_legs_is_not_liquidated_by_the_price():
    rows = [*flat(100, 2), (100, 180, 20, 100), *flat(100, 2)]
    played = play(rows, [buy(0, 50), sell(0, 50)], hedging=True, leverage=2.0)
    assert played.result.liquidations == 0


def test_a_profit_on_one_symbol_carries_the_loss_on_another():
    data = pair([*flat(100, 2), *flat(150, 3)], [*flat(100, 3), *flat(55, 2)])
    played = play(data, [buy(0, 250), buy(0, 250, symbol=1)], leverage=5.0)
    # At 150 and 55 the account is worth 10,000 + 12,500 - 11,250.
    assert (played.result.liquidations, played.equity) == (0, 11_250.0)


def test_spot_is_never_liquidated_and_never_short():
    played = play([*flat(100, 2), *flat(1, 3)], [buy(0, 100)], SPOT)
    assert (len(played.fills), played.equity) == (1, 100.0)
    assert play(flat(100, 3), [sell(0, 1)], SPOT).refused == {"NO_SHORT": 1}


def test_funding_that_eats_an_isolated_margin_liquidates_in_its_own_bar():
    """The payment inside bar 2 moves the liquidation price over the low that follows it."""
    rows = [*flat(100, 2), (100, 100, 94, 95), *flat(95, 2)]
    data = [symbol_data(rows, funding=[(at(2) + 1, 0.06)])]
    played = play(data, [buy(0, 10)], leverage=10.0, margin="isolated")
    # Margin 100 less 60: liquidated at (1,000 - 40) / 9.95 = 96.48.
    assert played.fills[1] == (2, -1, 10, pytest.approx(960 / 9.95))


def test_a_liquidation_by_funding_does_not_sell_above_the_market():
    rows = [*flat(100, 2), (91.5, 92, 91, 91.5), (91.5, 92, 91, 91.5), *flat(91.5, 2)]
    data = [symbol_data(rows, funding=[(at(3) + 1, 0.01)])]
    played = play(data, [buy(0, 10)], leverage=10.0, margin="isolated")
    # Margin 100 less 9.15: the liquidation price, 91.38, lies above the low but below the open.
    assert played.fills[1] == (3, -1, 10, pytest.approx((1000 - 90.85) / 9.95))
    data = [symbol_data(rows, funding=[(at(3) + 1, 0.015)])]
    played = play(data, [buy(0, 10)], leverage=10.0, margin="isolated")
    # Now 91.84, above the open of 91.5: what can be had is the open.
    assert played.fills[1] == (3, -1, 10, 91.5)


def test_equity_is_cash_and_unrealised_profit():
    played = play([*flat(100, 2), *flat(110, 2)], [buy(0, 10)])
    assert (played.cash, played.equity) == (10_000.0, 10_100.0)
    played = play([*flat(100, 2), *flat(110, 2)], [buy(0, 10)], SPOT)
    assert (played.cash, played.equity) == (9_000.0, 10_100.0)


def test_what_is_open_at_the_end_is_closed_at_the_last_close_with_its_fee():
    costs = replace(FREE, taker_fee=Decimal("0.001"))
    rows = [*flat(100, 2), (100, 112, 99, 110)]
    played = play(rows, [buy(0, 10, sl=50)], costs, close_at_end=True)
    assert played.fills == [(1, 1, 10, 100), (2, -1, 10, 110)]
    assert played.reasons == ["ORDER", "END_OF_DATA"]
    assert played.cash == pytest.approx(10_000 + 100 - 1 - 1.1)
    assert played.equity == played.cash


def test_an_order_decided_on_the_last_bar_never_fills():
    assert play(flat(100, 3), [buy(2, 1)]).fills == []
    assert play(flat(100, 3), [buy(1, 1), close(2)]).fills == [(2, 1, 1, 100)]


@pytest.mark.parametrize("margin", ["isolated", "cross"])
def test_a_close_that_arrives_after_the_liquidation_price_was_passed_comes_too_late(margin):
    rows = [*flat(100, 3), (100, 100, 80, 82), *flat(82, 2)]
    size = 10 if margin == "isolated" else 1000
    played = play(rows, [buy(0, size), close(2)], leverage=10.0, margin=margin, latency_ms=54_000)
    # Nine tenths of the minute have run: the price is at 82, and was at 90.45 before.
    assert played.reasons == ["ORDER", "LIQUIDATION"]
    assert played.fills[1][3] == pytest.approx(90 / 0.995)
    assert played.live == 0


@pytest.mark.parametrize("margin", ["cross", "isolated"])
def test_what_a_limit_opens_inside_a_bar_is_liquidated_by_the_same_move(margin):
    """The price came down through the limit, and went on to where the margin was used up."""
    rows = [*flat(100, 2), (100, 100, 80, 96), *flat(96, 2)]
    order = buy(0, 1_900, limit=95)
    played = play(rows, [order], leverage=20.0, margin=margin)
    assert played.reasons == ["ORDER", "LIQUIDATION"]
    assert [f[0] for f in played.fills] == [2, 2]
    # A bracket, which is out of reach here, changes nothing about it.
    guarded = play(rows, [buy(0, 1_900, limit=95, tp=200)], leverage=20.0, margin=margin)
    assert guarded.fills == played.fills


def test_a_stake_with_nothing_left_to_use_is_refused_for_lack_of_funds():
    lots = replace(FREE, lot=Decimal("0.001"), notional_min=Decimal(5))
    played = play(flat(100, 5), [buy(0), buy(2), buy(3, limit=90)], lots)
    assert played.fills == [(1, 1, 100, 100)]
    assert played.refused == {"FUNDS": 2}


def test_closing_what_is_closed_already_is_no_refusal():
    played = play(flat(100, 5), [buy(0, 1), close(2), close(2)], replace(FREE, notional_min=Decimal(5)))
    assert (len(played.fills), played.refused) == (2, {})
