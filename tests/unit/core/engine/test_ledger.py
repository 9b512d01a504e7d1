"""The exact ledger: balances to the last unit, and the float account beside it."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from engine_scripts import FREE, SPOT, at, buy, close, flat, play, sell, symbol_data

from tradewind.core.domain.errors import Corrupt
from tradewind.core.domain.ledger import Ledger, exact, fold
from tradewind.core.domain.records import FILL

D = Decimal
COSTLY = replace(FREE, maker_fee=D("0.0002"), taker_fee=D("0.0005"))


def ledger_of(played, spot=frozenset()):
    start = Ledger(exact(10_000.0))
    return fold(start, [*played.result.fills, *played.result.fundings], spot)


def test_a_round_trip_in_a_perpetual_is_exact_where_floats_are_not():
    played = play([*flat(0.1, 3), *flat(0.3, 3)], [buy(0, 3), close(2)], COSTLY)
    ledger = ledger_of(played)
    fees = exact(3 * 0.1 * 0.0005) + exact(3 * 0.3 * 0.0005)
    assert ledger.realized == D("0.6")
    assert ledger.cash == D(10_000) + D("0.6") - fees
    assert ledger.held == {(0, 1): D(0)}
    assert ledger.cost == {(0, 1): D(0)}


def test_a_part_closed_keeps_the_remainder_of_what_it_cost():
    played = play([*flat(100, 3), *flat(110, 4)], [buy(0, 3), sell(2, 1), sell(3, 1)], FREE)
    ledger = ledger_of(played)
    assert ledger.held == {(0, 1): D(1)}
    assert ledger.cost[(0, 1)] == D(100)
    assert ledger.cash == D(10_020)


def test_a_third_of_a_cost_that_has_no_end_loses_nothing():
    rows = [*flat(100, 2), *flat(100.1, 2), *flat(110, 5)]
    played = play(rows, [buy(0, 1), buy(2, 2), sell(4, 1), sell(5, 1), sell(6, 1)], FREE)
    ledger = ledger_of(played)
    bought = sum(exact(f["size"]) * exact(f["price"]) for f in played.result.fills if f["side"] > 0)
    sold = sum(exact(f["size"]) * exact(f["price"]) for f in played.result.fills if f["side"] < 0)
    assert ledger.cash == D(10_000) + sold - bought
    assert ledger.cost == {(0, 1): D(0)}


def test_spot_cash_and_coins_conserve_with_fees_in_quote_and_in_base():
    in_quote = replace(SPOT, taker_fee=D("0.001"))
    played = play([*flat(100, 3), *flat(110, 3)], [buy(0, 3), sell(2, 1)], in_quote)
    ledger = ledger_of(played, frozenset({0}))
    assert ledger.held == {(0, 1): D(2)}
    assert ledger.cash == D(10_000) - 300 + 110 - exact(0.3) - exact(110 * 0.001)
    in_base = replace(in_quote, fee_in_base=True)
    played = play([*flat(100, 3), *flat(110, 3)], [buy(0, 3)], in_base)
    ledger = ledger_of(played, frozenset({0}))
    assert ledger.held == {(0, 1): D(3) - exact(3 * 0.001)}
    assert ledger.cash == D(9_700)


def test_funding_and_liquidation_add_up():
    rows = [*flat(100, 3), (100, 100, 60, 62), *flat(62, 2)]
    data = [symbol_data(rows, funding=[(at(2), 0.001, 100.0), (at(3), -0.0003, 99.5)])]
    played = play(data, [buy(0, 300)], replace(COSTLY, liquidation_fee=D("0.005")), leverage=5.0)
    ledger = ledger_of(played)
    assert played.reasons[-1] == "LIQUIDATION"
    assert ledger.funding == D(300) * 100 * D("0.001") - D(300) * D("99.5") * D("0.0003")
    assert ledger.cash == D(10_000) + ledger.realized - ledger.fees - ledger.funding
    assert abs(float(ledger.cash) - played.cash) < 1e-9 * float(ledger.turnover)


def test_a_position_in_whole_lots_is_the_float_of_the_exact_sum():
    lots = replace(FREE, lot=D("0.1"))
    played = play(flat(100, 8), [buy(0, 0.1), buy(1, 0.2), buy(2, 0.4)], lots)
    assert played.position == 0.7
    assert ledger_of(played).held == {(0, 1): D("0.7")}


def test_a_reversal_moves_from_one_leg_to_the_other():
    played = play(flat(100, 5), [buy(0, 2), sell(1, 5)], FREE)
    assert ledger_of(played).held == {(0, 1): D(0), (0, -1): D(-3)}


def test_a_fill_that_closes_what_is_not_there_is_corrupt():
    row = np.zeros(1, FILL)
    row["symbol"], row["side"], row["leg"], row["closing"] = 0, -1, 1, 1
    row["size"], row["price"] = 2.0, 100.0
    with pytest.raises(Corrupt, match=r"closes 2\.0 of 0 held"):
        fold(Ledger(D(1)), row)
    bought = row.copy()
    bought["side"], bought["closing"], bought["size"], bought["position"] = 1, 0, 1.0, 1.0
    with pytest.raises(Corrupt, match=r"closes 2\.0 of 1\.0 held"):
        fold(Ledger(D(1_000)), [bought[0], row[0]])
