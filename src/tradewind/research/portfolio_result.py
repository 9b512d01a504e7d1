"""What came of a portfolio: the account folded out of its sleeves' fills, and what each sleeve added to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.records import FILL, FUNDING, TRADE
from tradewind.core.engine.run import RunResult
from tradewind.core.performance import Performance, summarise
from tradewind.core.performance.allocation import Allocation
from tradewind.core.performance.calendar import Calendar, read_calendar
from tradewind.core.performance.contribution import Contributions, contributions
from tradewind.core.performance.correlation import correlations
from tradewind.core.performance.deflation import without_trials
from tradewind.core.performance.trades import match_trades
from tradewind.research.backtest import Joined, must_agree
from tradewind.research.portfolio_account import Account, Moved
from tradewind.research.portfolio_plan import Rebalancing, Sleeve
from tradewind.research.portfolio_records import curve_of

Array = NDArray[np.float64]
SEVERAL = "a portfolio is several strategies: each sleeve was counted as a trial of its own (tradewind trials)"


@dataclass(frozen=True)
class Portfolio:
    """A finished portfolio. `time` (n) are open times (int64 ns UTC) of bars of the shortest timeframe, `closes` (n)
    when they closed; `equity` (n) is the account there, `sleeve_equity` (sleeves, n) each sleeve's part of it,
    `reserve` (n) what no sleeve has, `profit` (sleeves, n) what each has earned so far. `flows` are its payments
    (time, cash), `hold` (n) is the same cash in all markets in equal parts.
    """

    sleeves: tuple[Sleeve, ...]
    joined: tuple[Joined, ...]
    runs: tuple[RunResult, ...]
    cash: float
    allocation: Allocation
    rebalancing: Rebalancing
    moves: tuple[Moved, ...]
    flows: tuple[tuple[tuple[int, float], ...], ...]
    time: NDArray[np.int64]
    step_ns: int
    equity: Array
    sleeve_equity: Array
    reserve: Array
    profit: Array
    hold: Array
    trades: tuple[NDArray[Any], ...]
    performance: Performance

    @property
    def metrics(self) -> dict[str, float | int | None]:
        """The account's figures by name; None where one is undefined (`performance.undefined` says why)."""
        return self.performance.metrics

    @property
    def closes(self) -> NDArray[np.int64]:
        """When each bar of the account closed."""
        return self.time + self.step_ns

    @property
    def names(self) -> tuple[str, ...]:
        """The sleeves' names."""
        return tuple(sleeve.title for sleeve in self.sleeves)

    @cached_property
    def calendar(self) -> Calendar:
        """The periods by which the account is judged."""
        return read_calendar(self.time, self.step_ns)

    @cached_property
    def weights(self) -> Array:
        """Each sleeve's part of the account at the end of each period (sleeves, periods); 0 once nothing is left."""
        ends = self.calendar.period_ends
        whole = self.equity[ends]
        return np.where(whole > 0.0, self.sleeve_equity[:, ends] / np.where(whole > 0.0, whole, 1.0), 0.0)

    @cached_property
    def own_returns(self) -> Array:
        """Each sleeve's return on its own capital (periods, sleeves); NaN in a period in which it had none."""
        ends = self.calendar.period_ends
        gained = np.diff(self.profit[:, ends], axis=1, prepend=0.0)
        base = np.concatenate([np.zeros((len(self.sleeves), 1)), self.sleeve_equity[:, ends[:-1]]], axis=1)
        closes = self.closes[ends]
        for number, flows in enumerate(self.flows):
            for when, amount in flows:
                # What was paid in during the period has worked in it; what was paid at its end has not.
                period = int(np.searchsorted(closes, when, side="right"))
                inside = period < len(closes) and (period == 0 or when > closes[period - 1])
                if inside and amount > 0.0:
                    base[number, period] += amount
        return np.where(base > 0.0, gained / np.where(base > 0.0, base, 1.0), np.nan).T

    @cached_property
    def contributions(self) -> Contributions:
        """What each sleeve added to the account's return and risk."""
        ends = self.calendar.period_ends
        gained = np.diff(self.profit[:, ends], axis=1, prepend=0.0).T
        before = np.concatenate([[self.cash], self.equity[ends[:-1]]])
        return contributions(gained, before, self.own_returns, self.cash, self.calendar.periods_per_year)

    @cached_property
    def correlation(self) -> Array:
        """Correlation of the sleeves' own returns (sleeves, sleeves); NaN where undefined."""
        return correlations(self.own_returns)

    def _repr_html_(self) -> str:
        """The page, inside a notebook's frame."""
        from tradewind.research.reports.notebook import framed  # noqa: PLC0415 - pages are heavy
        from tradewind.research.reports.portfolio_page import portfolio_study  # noqa: PLC0415

        return framed(portfolio_study(self))

    def __repr__(self) -> str:
        shown = [
            f"{n}={v:.4g}" for n in ("total_return", "sharpe", "max_drawdown") if (v := self.metrics[n]) is not None
        ]
        return f"Portfolio({len(self.sleeves)} sleeves, {self.allocation.method}: {', '.join(shown)})"


def fold(account: Account, sleeves: Sequence[Sleeve], joined: Sequence[Joined]) -> Portfolio:
    """Judge an account whose last sleeve has ended. Raises Corrupt where a run's money and its fills disagree."""
    runs = [held.result for held in account.held]
    assert all(run is not None for run in runs)
    results = [run for run in runs if run is not None]
    curves = [curve_of(j.merged, run, 0.0) for j, run in zip(joined, results, strict=True)]
    for held, run, curve in zip(account.held, results, curves, strict=True):
        must_agree(held.paid + float(curve.equity[-1]), run.equity, run.fills, account.cash)
    step = min(j.merged.step for j in joined)
    ended = [curve.time + j.merged.step for j, curve in zip(joined, curves, strict=True)]
    closes = np.unique(np.concatenate(ended))
    profit = np.array([_at(closes, own, curve.equity) for own, curve in zip(ended, curves, strict=True)])
    in_market = np.any(
        [_at(closes, own, curve.is_open.astype(float)) > 0 for own, curve in zip(ended, curves, strict=True)], axis=0
    )
    paid_in = np.array([_paid_in(closes, held.flows) for held in account.held])
    equity = account.cash + profit.sum(axis=0)
    trades = [_trades(j, run) for j, run in zip(joined, results, strict=True)]
    hold = _hold(closes, joined, account.cash)
    found = summarise(
        time=closes - step,
        equity=equity,
        initial=account.cash,
        step_ns=step,
        trades=_together(trades, TRADE, "exit_time"),
        fills=_together([run.fills for run in results], FILL, "time"),
        funding=_together([run.fundings for run in results], FUNDING, "time"),
        exposure=in_market,
        buy_and_hold=float(hold[-1]) / account.cash - 1.0,
    )
    return Portfolio(
        sleeves=tuple(sleeves),
        joined=tuple(joined),
        runs=tuple(results),
        cash=account.cash,
        allocation=account.allocation,
        rebalancing=account.rebalancing,
        moves=tuple(account.moves),
        flows=tuple(tuple(held.flows) for held in account.held),
        time=closes - step,
        step_ns=step,
        equity=equity,
        sleeve_equity=paid_in + profit,
        reserve=account.cash - paid_in.sum(axis=0),
        profit=profit,
        hold=hold,
        trades=tuple(trades),
        performance=without_trials(found, SEVERAL),
    )


def _at(closes: NDArray[np.int64], own: NDArray[np.int64], values: Array) -> Array:
    """A sleeve's values at the account's closes: its last one known, 0 before its first."""
    at = np.searchsorted(own, closes, side="right") - 1
    return np.where(at >= 0, values[np.maximum(at, 0)], 0.0)


def _paid_in(closes: NDArray[np.int64], flows: Sequence[tuple[int, float]]) -> Array:
    """What had been paid to a sleeve, less what it had given, once the bar that closes at each time was over."""
    paid = np.zeros(len(closes))
    for when, amount in flows:
        paid[int(np.searchsorted(closes, when, side="left")) :] += amount
    return paid


def _trades(joined: Joined, run: RunResult) -> NDArray[Any]:
    data = joined.merged
    rows = data.symbol.astype(np.int32) if len(data.symbols) > 1 else None
    return match_trades(run.fills, run.fundings, data.high, data.low, rows)


def _together(parts: Sequence[NDArray[Any]], kind: np.dtype[Any], by: str) -> NDArray[Any]:
    """Records of all sleeves in the order of time; their symbol is the number of the sleeve."""
    joined = np.concatenate([part.astype(kind) for part in parts])
    joined["symbol"] = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return np.asarray(joined[np.argsort(joined[by], kind="stable")])


def _hold(closes: NDArray[np.int64], joined: Sequence[Joined], cash: float) -> Array:
    """The same cash in equal parts in every market of the portfolio, bought at its first open and held."""
    markets = {(m.bars.symbol, m.bars.timeframe): m.bars for j in joined for m in j.markets}
    worth = np.zeros(len(closes))
    for bars in markets.values():
        growth = np.concatenate(([1.0], bars.close / bars.open[0]))
        worth += growth[np.searchsorted(bars.time + bars.step_ns, closes, side="right")]
    return np.asarray(worth * (cash / len(markets)))
