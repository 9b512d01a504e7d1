import numpy as np
import pytest

from tradewind.core.domain.errors import Corrupt
from tradewind.core.domain.records import FILL, FUNDING
from tradewind.core.performance.equity import equity_curve
from tradewind.core.performance.trades import match_orders, match_trades

STEP = 60
BUY, SELL = 1, -1


def fill(bar: int, order: int, side: int, size: float, price: float, **more: float) -> dict[str, float]:
    return {"time": bar * STEP, "bar": bar, "order": order, "side": side, "size": size, "price": price, **more}


def filled(*rows: dict[str, float]) -> np.ndarray:
    """Fills of a netting account; legs, closing and positions follow from the rows unless they say otherwise."""
    fills, position = np.zeros(len(rows), FILL), 0.0
    for i, row in enumerate(rows):
        closing = position * row["side"] < 0
        leg = (1 if position > 0 else -1) if closing else row["side"]
        position = round(position + row["side"] * row["size"] - row.get("fee_base", 0.0), 12)
        for name, value in ({"leg": leg, "closing": closing, "position": position} | row).items():
            fills[i][name] = value
    return fills


def paid(time: int, position: float, amount: float) -> tuple:
    return (time, 0, 1 if position > 0 else -1, 0.0, 0.0, position, amount, 0.0)


NO_FUNDING = np.zeros(0, FUNDING)
HIGH = np.array([10.0, 12.0, 15.0, 11.0, 10.0, 20.0])
LOW = np.array([9.0, 8.0, 11.0, 7.0, 6.0, 10.0])


def test_a_round_trip_is_one_trade_with_its_fees_and_excursions() -> None:
    fills = filled(fill(0, 1, BUY, 2.0, 10.0, fee=0.1), fill(3, 2, SELL, 2.0, 11.0, fee=0.2, reason=1))
    (trade,) = match_trades(fills, NO_FUNDING, HIGH, LOW)
    assert (trade["entry_order"], trade["exit_order"], trade["side"], trade["exit_reason"]) == (1, 2, 1, 1)
    assert (trade["entry_bar"], trade["exit_bar"], trade["exit_time"]) == (0, 3, 180)
    assert (trade["entry_price"], trade["exit_price"], trade["size"]) == (10.0, 11.0, 2.0)
    assert trade["pnl"] == pytest.approx(2.0 - 0.3)
    assert trade["return"] == pytest.approx(1.7 / 20.0)
    assert trade["run_up"] == pytest.approx(0.5)
    assert trade["drawdown"] == pytest.approx(-0.3)


def test_a_short_trade_gains_when_the_price_falls_and_its_excursions_are_mirrored() -> None:
    fills = filled(fill(0, 1, SELL, 1.0, 10.0), fill(3, 2, BUY, 1.0, 8.0))
    (trade,) = match_trades(fills, NO_FUNDING, HIGH, LOW)
    assert (trade["side"], trade["pnl"]) == (-1, 2.0)
    assert trade["run_up"] == pytest.approx(0.3)
    assert trade["drawdown"] == pytest.approx(-0.5)


def test_entries_leave_in_the_order_they_came() -> None:
    fills = filled(
        fill(0, 1, BUY, 1.0, 10.0), fill(1, 2, BUY, 2.0, 11.0), fill(2, 3, SELL, 2.0, 12.0), fill(3, 4, SELL, 1.0, 9.0)
    )
    trades = match_trades(fills, NO_FUNDING, HIGH, LOW)
    assert [tuple(t) for t in trades[["entry_order", "exit_order", "size", "pnl"]].tolist()] == [
        (1, 3, 1.0, 2.0),
        (2, 3, 1.0, 1.0),
        (2, 4, 1.0, -2.0),
    ]


def test_partial_fills_of_an_order_are_merged_at_their_mean_price() -> None:
    fills = filled(
        fill(0, 1, BUY, 1.0, 10.0, fee=0.01),
        fill(1, 1, BUY, 3.0, 11.0, fee=0.03),
        fill(2, 2, SELL, 1.0, 12.0, fee=0.02),
        fill(3, 2, SELL, 3.0, 10.0, fee=0.06),
    )
    (trade,) = match_trades(fills, NO_FUNDING, HIGH, LOW)
    assert trade["entry_price"] == pytest.approx(10.75)
    assert trade["exit_price"] == pytest.approx(10.5)
    assert (trade["size"], trade["entry_bar"], trade["exit_bar"]) == (4.0, 0, 3)
    assert trade["fees"] == pytest.approx(0.12)
    assert trade["pnl"] == pytest.approx(-1.0 - 0.12)


def test_two_exits_that_fill_by_turns_are_two_trades_not_four() -> None:
    fills = filled(
        fill(0, 1, BUY, 4.0, 10.0),
        fill(1, 2, SELL, 1.0, 11.0),
        fill(2, 3, SELL, 1.0, 12.0),
        fill(3, 2, SELL, 1.0, 13.0),
        fill(4, 3, SELL, 1.0, 14.0),
    )
    trades = match_trades(fills, NO_FUNDING, HIGH, LOW)
    assert [tuple(t) for t in trades[["exit_order", "size", "exit_price"]].tolist()] == [(2, 2.0, 12.0), (3, 2.0, 13.0)]


def test_an_entry_order_that_fills_again_after_it_was_closed_opens_again() -> None:
    fills = filled(
        fill(0, 1, BUY, 1.0, 10.0), fill(1, 2, SELL, 1.0, 11.0), fill(2, 1, BUY, 1.0, 12.0), fill(3, 3, SELL, 1.0, 13.0)
    )
    trades = match_trades(fills, NO_FUNDING, HIGH, LOW)
    assert [tuple(t) for t in trades[["entry_order", "exit_order", "pnl"]].tolist()] == [(1, 2, 1.0), (1, 3, 1.0)]


def test_funding_is_shared_by_size_among_the_lots_open_when_it_was_paid() -> None:
    fills = filled(
        fill(0, 1, BUY, 1.0, 10.0), fill(2, 2, BUY, 3.0, 10.0), fill(4, 3, SELL, 1.0, 10.0), fill(5, 4, SELL, 3.0, 10.0)
    )
    funding = np.array([paid(60, 1.0, 0.5), paid(180, 4.0, 0.8), paid(270, 3.0, -0.3)], FUNDING)
    first, second = match_trades(fills, funding, HIGH, LOW)
    assert first["funding"] == pytest.approx(0.5 + 0.2)
    assert second["funding"] == pytest.approx(0.6 - 0.3)
    assert first["pnl"] == pytest.approx(-0.7)


@pytest.mark.parametrize(("position", "share"), [(1.0, 0.9), (2.0, 0.45)])
def test_at_the_same_instant_the_position_paid_on_tells_whether_a_fill_came_before(
    position: float, share: float
) -> None:
    fills = filled(fill(0, 1, BUY, 1.0, 10.0), fill(2, 2, BUY, 1.0, 10.0), fill(4, 3, SELL, 2.0, 10.0))
    trades = match_trades(fills, np.array([paid(120, position, 0.9)], FUNDING), HIGH, LOW)
    assert trades["funding"][0] == pytest.approx(share)
    assert trades["funding"].sum() == pytest.approx(0.9)


def test_a_fee_in_base_makes_the_lot_smaller_and_the_sum_right() -> None:
    fills = filled(fill(0, 1, BUY, 1.0, 10.0, fee=0.02, fee_base=0.002), fill(3, 2, SELL, 0.998, 11.0, fee=0.01))
    (trade,) = match_trades(fills, NO_FUNDING, HIGH, LOW)
    assert trade["size"] == pytest.approx(0.998)
    assert trade["pnl"] == pytest.approx(-10.0 + 0.998 * 11.0 - 0.01)


def test_what_is_open_at_the_end_is_a_lot_and_no_trade() -> None:
    fills = filled(fill(0, 1, BUY, 2.0, 10.0, fee=0.2), fill(1, 2, SELL, 0.5, 11.0))
    matched = match_orders(fills, NO_FUNDING, HIGH, LOW)
    assert len(matched.trades) == 1
    (lot,) = matched.open_lots
    assert (lot["order"], lot["size"], lot["price"]) == (1, 1.5, 10.0)
    assert lot["fees"] == pytest.approx(0.15)


def test_hedged_legs_of_a_symbol_are_matched_apart() -> None:
    fills = filled(
        fill(0, 1, BUY, 1.0, 10.0, leg=1, closing=0, position=1.0),
        fill(0, 2, SELL, 1.0, 10.0, leg=-1, closing=0, position=-1.0),
        fill(2, 3, SELL, 1.0, 12.0, leg=1, closing=1, position=0.0),
        fill(3, 4, BUY, 1.0, 9.0, leg=-1, closing=1, position=0.0),
    )
    trades = match_trades(fills, NO_FUNDING, HIGH, LOW)
    assert [tuple(t) for t in trades[["entry_order", "side", "pnl"]].tolist()] == [(1, 1, 2.0), (2, -1, 1.0)]


def test_symbols_see_only_their_own_bars() -> None:
    fills = filled(
        fill(0, 1, BUY, 1.0, 10.0, leg=1, closing=0, position=1.0),
        fill(4, 2, SELL, 1.0, 10.0, leg=1, closing=1, position=0.0),
    )
    row_symbol = np.array([0, 1, 0, 1, 0, 1], np.int32)
    (trade,) = match_trades(fills, NO_FUNDING, HIGH, LOW, row_symbol)
    assert trade["run_up"] == pytest.approx(0.5)  # row 2; rows 1 and 3 are another market's
    assert trade["drawdown"] == pytest.approx(-0.4)  # row 4


def test_excursions_over_thousands_of_bars_equal_plain_slices_and_pass_over_missing_rows() -> None:
    rng = np.random.default_rng(1)
    high = 100.0 + np.cumsum(rng.normal(0, 1e-2, 5000))
    high[rng.integers(0, 5000, 50)] = np.nan
    low = high - 0.1
    bars = np.sort(rng.integers(0, 5000, 80))
    rows = [fill(int(bar), i + 1, BUY if i % 2 == 0 else SELL, 1.0, 100.0) for i, bar in enumerate(bars)]
    for trade in match_trades(filled(*rows), NO_FUNDING, high, low):
        span = slice(trade["entry_bar"], trade["exit_bar"] + 1)
        if not np.isnan(high[span]).all():
            assert trade["run_up"] == max(np.nanmax(high[span]) / 100.0 - 1.0, 0.0)
            assert trade["drawdown"] == min(np.nanmin(low[span]) / 100.0 - 1.0, 0.0)


@pytest.mark.parametrize("position", [0.0, -1.0])
def test_a_fill_that_closes_more_than_is_open_is_refused(position: float) -> None:
    rows = [fill(0, 1, BUY, 1.0, 10.0), fill(1, 7, SELL, 2.0, 10.0, leg=1, closing=1, position=position)]
    with pytest.raises(Corrupt, match="fill 1: order 7 closes another size than is open"):
        match_trades(filled(*rows), NO_FUNDING, HIGH, LOW)


def test_a_fill_that_says_flat_while_lots_are_open_is_refused() -> None:
    rows = [fill(0, 1, BUY, 2.0, 10.0), fill(1, 2, SELL, 1.0, 10.0, leg=1, closing=1, position=0.0)]
    with pytest.raises(Corrupt, match="closes another size than is open"):
        match_trades(filled(*rows), NO_FUNDING, HIGH, LOW)


def test_no_fills_make_no_trades_and_records_of_another_kind_are_refused() -> None:
    assert len(match_trades(np.zeros(0, FILL), NO_FUNDING, HIGH, LOW)) == 0
    with pytest.raises(TypeError, match="expected records of"):
        match_trades(NO_FUNDING, NO_FUNDING, HIGH, LOW)


def test_the_equity_curve_marks_positions_at_each_close_and_books_funding_in_its_bar() -> None:
    fills = filled(fill(1, 1, BUY, 2.0, 10.0, fee=1.0), fill(3, 2, SELL, 2.0, 12.0))
    funding = np.array([paid(2 * STEP, 2.0, 0.5)], FUNDING)
    time, close = np.arange(5) * STEP, np.array([9.0, 11.0, 13.0, 12.5, 99.0])
    curve = equity_curve(time, close, fills, funding, 100.0)
    assert curve.equity.tolist() == [100.0, 101.0, 104.5, 102.5, 102.5]
    assert curve.exposure.tolist() == [0.0, 22.0, 26.0, 0.0, 0.0]
    assert curve.is_open.tolist() == [False, True, True, False, False]


def test_a_short_account_falls_as_the_price_rises() -> None:
    fills = filled(fill(0, 1, SELL, 1.0, 10.0))
    curve = equity_curve(np.arange(2) * STEP, np.array([10.0, 15.0]), fills, NO_FUNDING, 100.0)
    assert curve.equity.tolist() == [100.0, 95.0]
    assert curve.exposure.tolist() == [-10.0, -15.0]
