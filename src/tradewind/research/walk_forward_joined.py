"""The tests of a walk-forward as one account: each goes on with what the one before left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.records import FILL, FUNDING, TRADE
from tradewind.core.performance import Performance, summarise
from tradewind.core.performance.calendar import read_calendar
from tradewind.core.performance.hold import hold_equity, hold_return
from tradewind.core.performance.returns import equity_returns
from tradewind.core.performance.undefined import Undefined
from tradewind.research.backtest import Backtest, Market

MONEY = {
    "fills": ("size", "fee", "fee_base", "slippage", "realized", "cash", "position"),
    "fundings": ("position", "paid", "cash"),
    "trades": ("size", "pnl", "fees", "funding"),
}
"""The fields of each kind of record that grow with the account."""


@dataclass(frozen=True)
class Joined:
    """Times at which the bars open and the account at their closes (n); the account that buys and holds; the trades,
    in the joined account's money; the figures; and the returns by the calendar's periods, or why there are none.
    """

    time: NDArray[np.int64]
    equity: NDArray[np.float64]
    hold: NDArray[np.float64]
    trades: NDArray[Any]
    performance: Performance
    returns: NDArray[np.float64] | Undefined
    starts: tuple[int, ...]
    """When each test begins, ns."""


def joined(
    tests: Sequence[tuple[NDArray[np.int64], Backtest | None]], markets: Sequence[Market], cash: float
) -> Joined:
    """Join tests, given as the open times of their bars (at least one) and the run, None for a test without one.

    Each test starts flat with all that there is, so its equity is multiplied by what came before over its own start:
    the order sizes of an account that compounds, but for rounding to lots. A test without a run leaves the account as
    it is, and so does every test after the account has been emptied.
    """
    capital, step_ns = cash, markets[0].bars.step_ns
    equity: list[NDArray[np.float64]] = []
    records: dict[str, list[NDArray[Any]]] = {name: [] for name in MONEY}
    open_bars = 0.0
    for time, ran in tests:
        if ran is None or capital <= 0.0:
            equity.append(np.full(len(time), capital))
            continue
        factor = capital / ran.rules.cash
        equity.append(ran.equity * factor)
        for name, found in (("fills", ran.run.fills), ("fundings", ran.run.fundings), ("trades", ran.trades)):
            records[name].append(_scaled(found, MONEY[name], factor))
        open_bars += float(ran.metrics["exposure_time"] or 0.0) * len(time)
        capital = float(equity[-1][-1])
    times, curve = np.concatenate([time for time, _ in tests]), np.concatenate(equity)
    empty = {"fills": FILL, "fundings": FUNDING, "trades": TRADE}
    kept = {name: np.concatenate(found) if found else np.empty(0, empty[name]) for name, found in records.items()}
    tested = [m.bars.slice(int(times[0]), int(times[-1]) + step_ns) for m in markets]
    performance = summarise(
        time=times,
        equity=curve,
        initial=cash,
        step_ns=step_ns,
        trades=kept["trades"],
        fills=kept["fills"],
        funding=kept["fundings"],
        buy_and_hold=hold_return(tested),
    )
    exposure: dict[str, float | int | None] = {"exposure_time": open_bars / len(times)}
    performance = replace(
        performance,
        metrics=performance.metrics | exposure,
        undefined={name: why for name, why in performance.undefined.items() if name not in exposure},
    )
    ends = read_calendar(times, step_ns).period_ends
    return Joined(
        times,
        curve,
        hold_equity(times, tested, cash),
        kept["trades"],
        performance,
        equity_returns(curve[ends], cash),
        tuple(int(time[0]) for time, _ in tests),
    )


def _scaled(records: NDArray[Any], fields: Sequence[str], factor: float) -> NDArray[Any]:
    scaled = records.copy()
    for name in fields:
        scaled[name] *= factor
    return scaled
