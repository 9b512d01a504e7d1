"""Funding: who pays whom, how much, when, and what the strategy hears of it."""

import pytest
from engine_scripts import MINUTE, Listening, at, buy, close, flat, play, sell, symbol_data


def funded(payments, rows=None):
    return [symbol_data(rows or flat(100, 6), funding=payments)]


@pytest.mark.parametrize(
    ("side", "rate", "paid"), [(buy, 0.001, 1.0), (sell, 0.001, -1.0), (buy, -0.002, -2.0), (sell, -0.002, 2.0)]
)
def test_longs_pay_shorts_at_a_positive_rate(side, rate, paid):
    played = play(funded([(at(3), rate, 100.0)]), [side(0, 10)])
    assert played.paid == [pytest.approx(paid)]
    assert played.cash == pytest.approx(10_000 - paid)


def test_the_mark_price_decides_the_amount_and_the_open_stands_in_for_it():
    assert play(funded([(at(3), 0.001, 120.0)]), [buy(0, 10)]).paid == [pytest.approx(1.2)]
    rows = [*flat(100, 3), (90, 95, 85, 92), *flat(92, 2)]
    assert play(funded([(at(3), 0.001)], rows), [buy(0, 10)]).paid == [pytest.approx(0.9)]


def test_a_payment_at_the_open_is_on_the_position_held_before_it():
    assert play(funded([(at(1), 0.001, 100.0)]), [buy(0, 10)]).paid == []
    assert len(play(funded([(at(3), 0.001, 100.0)]), [buy(0, 10), close(2)]).paid) == 1
    assert play(funded([(at(4), 0.001, 100.0)]), [buy(0, 10), close(2)]).paid == []


def test_a_payment_inside_a_bar_is_on_the_position_after_its_open():
    assert len(play(funded([(at(1) + 1, 0.001, 100.0)]), [buy(0, 10)]).paid) == 1
    assert play(funded([(at(3) + 1, 0.001, 100.0)]), [buy(0, 10), close(2)]).paid == []


def test_every_payment_inside_one_bar_is_settled_and_told():
    payments = [(at(2) + i * MINUTE // 4, 0.001 * (i + 1), 100.0) for i in range(4)]
    played = play(funded(payments), [buy(0, 10)], cls=Listening)
    assert played.paid == pytest.approx([1.0, 2.0, 3.0, 4.0])
    told = [row[1:4] for row in played.log if row[0] == 3.0]
    assert told == [(0.0, pytest.approx(0.001 * (i + 1)), pytest.approx(i + 1.0)) for i in range(4)]


def test_payments_that_fell_into_a_gap_of_the_data_are_settled_when_it_ends():
    rows = [*flat(100, 3), None, None, *flat(100, 2)]
    played = play(funded([(at(3), 0.001, 100.0), (at(4), 0.002, 100.0)], rows), [buy(0, 10)])
    assert played.paid == pytest.approx([1.0, 2.0])


def test_payments_before_the_first_bar_or_without_a_position_cost_nothing():
    played = play(funded([(at(-5), 0.001, 100.0), (at(1), 0.001, 100.0), (at(2), 0.001, 100.0)]), [])
    assert (played.paid, played.cash) == ([], 10_000.0)


def test_with_hedging_each_leg_settles_and_the_strategy_hears_what_both_came_to():
    played = play(funded([(at(3), 0.001, 100.0)]), [buy(0, 10), sell(0, 4)], cls=Listening, hedging=True, leverage=2.0)
    assert played.paid == pytest.approx([1.0, -0.4])
    assert [int(leg) for leg in played.result.fundings["leg"]] == [1, -1]
    assert [row[1:4] for row in played.log if row[0] == 3.0] == [(0.0, 0.001, pytest.approx(0.6))]


def test_the_funding_rows_of_a_netted_short_say_so():
    played = play(funded([(at(3), 0.001, 100.0)]), [sell(0, 10)])
    row = played.result.fundings[0]
    assert (row["leg"], row["position"], row["time"]) == (-1, -10.0, at(3))


def test_funding_turned_off_is_off():
    assert play(funded([(at(3), 0.001, 100.0)]), [buy(0, 10)], funding=False).paid == []


def test_funding_comes_out_of_an_isolated_margin():
    played = play(funded([(at(3), 0.01, 100.0)]), [buy(0, 10)], margin="isolated", leverage=10.0)
    assert played.exchange.positions[0].margin == pytest.approx(90.0)
    assert played.exchange.positions[0].liquidation_low == pytest.approx((1000 - 90) / 9.95)


class Watchful(Listening):
    """Writes down the equity it sees when funding comes."""

    def on_funding(self, symbol, rate, paid):
        self.note(3.0, self.equity, 0.0, 0.0, 0.0)


def test_at_a_payment_on_the_open_the_strategy_does_not_see_the_close():
    rows = [*flat(100, 3), (90, 95, 50, 60), *flat(60, 2)]
    played = play(funded([(at(3), 0.0, 100.0)], rows), [buy(0, 10)], cls=Watchful)
    assert [row[1] for row in played.log if row[0] == 3.0] == [9_900.0]
