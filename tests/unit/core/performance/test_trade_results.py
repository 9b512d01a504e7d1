"""What a run's trades did to its account, from records written by hand."""

import numpy as np
import pytest

from tradewind.core.domain.records import FILL, TRADE
from tradewind.core.performance import trade_results as module
from tradewind.core.performance.trade_results import TradeResults, slippage_of
from tradewind.core.performance.undefined import Undefined

NO_FILLS = np.zeros(0, FILL)


def trade_results(rows: np.ndarray, fills: np.ndarray, initial: float, *, compounded: bool = True):
    return module.trade_results(rows, slippage_of(rows, fills), initial, compounded=compounded)


def trades(*rows: dict[str, float]) -> np.ndarray:
    table = np.zeros(len(rows), TRADE)
    for i, row in enumerate(rows):
        table[i]["exit_time"] = i
        for name, value in row.items():
            table[i][name] = value
    return table


def test_made_again_in_the_same_order_the_trades_give_the_same_account() -> None:
    found = trade_results(trades({"pnl": 500.0}, {"pnl": -2_100.0}, {"pnl": 840.0}), NO_FILLS, 10_000.0)
    assert isinstance(found, TradeResults)
    assert found.value == pytest.approx([0.05, -0.2, 0.1])
    assert 10_000.0 * np.prod(1 + found.value) == pytest.approx(9_240.0, rel=1e-12)


def test_trades_count_in_the_order_in_which_they_end() -> None:
    rows = trades({"pnl": 1.0, "exit_time": 9}, {"pnl": 2.0, "exit_time": 3}, {"pnl": 3.0, "exit_time": 5})
    assert trade_results(rows, NO_FILLS, 100.0, compounded=False).value.tolist() == [2.0, 3.0, 1.0]


def test_slippage_goes_with_its_trade_into_the_order_of_ending() -> None:
    rows = trades({"pnl": 1.0, "exit_time": 9}, {"pnl": 2.0, "exit_time": 3})
    found = module.trade_results(rows, np.array([0.25, 0.5]), 100.0, compounded=False)
    assert found.costs.tolist() == [0.5, 0.25]


def test_the_worst_moment_is_the_trades_worst_price_and_never_above_its_result() -> None:
    rows = trades(
        {"pnl": 50.0, "drawdown": -0.03, "entry_price": 100.0, "size": 20.0},
        {"pnl": -80.0, "drawdown": -0.01, "entry_price": 100.0, "size": 20.0},
        {"pnl": 10.0, "drawdown": np.nan, "entry_price": 100.0, "size": 20.0},
    )
    assert trade_results(rows, NO_FILLS, 1_000.0, compounded=False).worst.tolist() == [-60.0, -80.0, 0.0]


def test_costs_are_a_trades_fees_and_its_share_of_its_orders_slippage() -> None:
    fills = np.zeros(3, FILL)
    fills["order"], fills["size"], fills["slippage"] = [1, 2, 3], [4.0, 1.0, 3.0], [8.0, 1.0, 0.0]
    rows = trades(
        {"pnl": 5.0, "fees": 0.5, "size": 1.0, "entry_order": 1, "exit_order": 2},
        {"pnl": 5.0, "fees": 0.25, "size": 3.0, "entry_order": 1, "exit_order": 3},
    )
    assert slippage_of(rows, fills).tolist() == [3.0, 6.0]  # 9 in all, as in the fills
    found = trade_results(rows, fills, 100.0, compounded=False)
    assert found.costs.tolist() == [3.5, 6.25]
    dearer = found.stressed(2.0)
    assert dearer.value.tolist() == [1.5, -1.25]
    assert dearer.costs.tolist() == [7.0, 12.5]


@pytest.mark.parametrize(
    ("pnl", "reason"),
    [
        ([], "no trades"),
        ([5.0], "only one trade"),
        ([5.0, np.nan, 1.0], "trade 2 has the result nan"),
        ([5.0, -105.0, 1.0], "the account had nothing left after trade 2"),
    ],
)
def test_trades_that_say_nothing_are_undefined_with_their_reason(pnl: list[float], reason: str) -> None:
    assert trade_results(trades(*({"pnl": p} for p in pnl)), NO_FILLS, 100.0) == Undefined(reason)
