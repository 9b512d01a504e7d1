"""One strategy replayed over one recording of an order book, judged.

result = book_backtest(MarketMaker, recording, size=0.01)
result.metrics["total_return"], result.queue["maker_fills"]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.instruments import Instrument, instrument_for
from tradewind.core.domain.recording import Recording
from tradewind.core.domain.records import FUNDING
from tradewind.core.engine.books.rules import BookRules, market_rules
from tradewind.core.engine.books.run import EngineName, Marks, Replayed, replay
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import Progress, RunResult
from tradewind.core.performance import Performance, summarise
from tradewind.core.performance.calendar import read_calendar
from tradewind.core.performance.equity import equity_curve
from tradewind.core.performance.trades import match_trades
from tradewind.core.strategy.parameters import resolve
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import must_agree
from tradewind.research.book_counting import PERIODS_JUDGED, count_book_backtest
from tradewind.research.refused import made, plain_functions

Array = np.ndarray[Any, Any]

OVER_PERIODS = (
    "cagr", "volatility", "sharpe", "sortino", "calmar", "omega", "psr", "dsr", "ulcer_index", "value_at_risk_95",
    "expected_shortfall_95", "tail_ratio", "skew", "kurtosis",
)  # fmt: skip
"""Figures over the returns of periods, which are UTC days."""


@dataclass(frozen=True)
class BookBacktest:
    """A finished replay. `time`, `equity`, `inventory` and `mid` have one value for each step of `step_ns`.

    A fill's `bar` counts these steps. `queue` says how the orders fared at the venue (see `books.state.QueueCounts`).
    """

    strategy: type[Strategy]
    parameters: dict[str, Any]
    recording: Recording
    instrument: Instrument
    rules: MarketRules
    book_rules: BookRules
    run: RunResult
    queue: dict[str, float]
    step_ns: int
    time: Array
    mid: Array
    equity: Array
    inventory: Array
    trades: Array
    performance: Performance
    gaps: int
    crossed: int
    left_open: float

    @property
    def metrics(self) -> dict[str, float | int | None]:
        """The figures by name; None where one is undefined (`performance.undefined` says why)."""
        return self.performance.metrics

    def _repr_html_(self) -> str:
        """The page, inside a notebook's frame."""
        from tradewind.research.reports.book_page import book_study  # noqa: PLC0415 - pages are heavy
        from tradewind.research.reports.notebook import framed  # noqa: PLC0415
        from tradewind.research.reports.study import imprinted  # noqa: PLC0415
        from tradewind.research.run_words import currency_of, engine_text, warnings_of  # noqa: PLC0415

        study = book_study(self, engine=engine_text(self), currency=currency_of(self.recording.symbol))
        made_up = self.recording.synthetic_seed is not None
        return framed(imprinted(study, warnings=(*warnings_of(self), *self.recording.said), synthetic=made_up))

    def __repr__(self) -> str:
        figures = ", ".join(f"{n}={self.metrics[n]}" for n in ("total_return", "max_drawdown", "fees_paid"))
        return (
            f"BookBacktest({self.strategy.__name__}, {self.recording.symbol}: fills={len(self.run.fills)}, {figures})"
        )


def book_backtest(
    strategy: type[Strategy],
    recording: Recording,
    *,
    rules: MarketRules | None = None,
    book: BookRules | None = None,
    instrument: Instrument | None = None,
    engine: EngineName = "auto",
    cache: Path | None = None,
    progress: Progress | None = None,
    parameters: Mapping[str, Any] | None = None,
    **given: Any,
) -> BookBacktest:
    """Replay `recording` to `strategy` and judge the result.

    `given` are the strategy's parameters and, by the names of MarketRules and BookRules, the replay's realism:
    `size=0.01, cash=50_000, order_ms=20`. Without an `instrument` its usual rules are taken, with the recording's tick
    and lot.

    Raises BadInput for a recording, rules or parameters that do not fit, StrategyFailed where the strategy breaks.
    """
    of_market, of_book = ({f.name for f in fields(kind)} for kind in (MarketRules, BookRules))
    for name in sorted((of_market | of_book) & given.keys() & strategy.parameters.keys()):
        raise BadInput(
            f"{name} is a parameter of the strategy and a rule of the replay",
            where=strategy.__name__,
            fix=f"Say which: parameters={{'{name}': ...}}, or rules= and book=",
        )
    settled = market_rules(replace(rules or MarketRules(), **{n: v for n, v in given.items() if n in of_market}))
    book_rules = replace(book or BookRules(), **{n: v for n, v in given.items() if n in of_book})
    wanted = {**(parameters or {}), **{n: v for n, v in given.items() if n not in of_market | of_book}}
    plain_functions(strategy)
    resolved = resolve(strategy.parameters, wanted, strategy.__name__)
    instrument = instrument or recorded_instrument(recording)
    replayed = replay(
        lambda: made(strategy, wanted), recording, instrument, settled, book_rules, engine, cache, progress
    )
    return without_ratios(
        count_book_backtest(_judged(strategy, resolved, recording, instrument, settled, book_rules, replayed))
    )


def without_ratios(found: BookBacktest) -> BookBacktest:
    """A recording of an hour says nothing of a year: ratios over days need at least PERIODS_JUDGED of them."""
    periods = len(read_calendar(found.time, found.step_ns).period_ends)
    if periods >= PERIODS_JUDGED:
        return found
    reason = (
        f"the recording touches {periods} period{'s' * (periods > 1)}, and a ratio over them needs {PERIODS_JUDGED}"
    )
    old = found.performance
    metrics = {name: None if name in OVER_PERIODS else value for name, value in old.metrics.items()}
    undefined = {**old.undefined, **dict.fromkeys(OVER_PERIODS, reason)}
    return replace(found, performance=replace(old, metrics=metrics, undefined=undefined))


def recorded_instrument(recording: Recording) -> Instrument:
    """The symbol's usual rules, with the tick and the lot that all recorded prices and sizes are multiples of."""
    return replace(instrument_for(recording.symbol), tick=recording.tick, lot=recording.lot)


def _judged(
    strategy: type[Strategy], resolved: dict[str, Any], recording: Recording, instrument: Instrument,
    rules: MarketRules, book_rules: BookRules, replayed: Replayed,
) -> BookBacktest:  # fmt: skip
    marks = _whole(replayed.marks, recording)
    run = replayed.run
    fills = run.fills.copy()
    fills["bar"] -= int((marks.time[0] - replayed.marks.time[0]) // marks.step_ns)
    run = replace(run, fills=fills)
    fundings = np.zeros(0, FUNDING)
    curve = equity_curve(marks.time, marks.close, fills, fundings, rules.cash)
    must_agree(float(curve.equity[-1]), run.equity, fills, rules.cash)
    trades = match_trades(fills, fundings, marks.high, marks.low, None)
    performance = summarise(
        time=curve.time,
        equity=curve.equity,
        initial=rules.cash,
        step_ns=marks.step_ns,
        trades=trades,
        fills=fills,
        funding=fundings,
        exposure=curve.is_open,
        buy_and_hold=float(marks.close[-1] / marks.close[0] - 1.0),
    )
    held = np.zeros(len(marks.time))
    held[fills["bar"]] = fills["position"]  # the last fill of a step decides
    seen = np.zeros(len(marks.time), np.int64)
    seen[fills["bar"]] = fills["bar"]
    inventory = held[np.maximum.accumulate(seen)]
    return BookBacktest(
        strategy, resolved, recording, instrument, rules, book_rules, run, vars(replayed.counts), marks.step_ns,
        marks.time, marks.close, curve.equity, inventory, trades, performance, replayed.gaps, replayed.crossed,
        replayed.left_open,
    )  # fmt: skip


def _whole(marks: Marks, recording: Recording) -> Marks:
    """Marks from the first valid book on; a step in which nothing happened keeps the price before it."""
    known = np.flatnonzero(np.isfinite(marks.close))
    if not len(known):
        raise BadInput(
            "its book was never valid: there is no snapshot that its changes follow",
            where=recording.symbol,
            fix="Record a REST snapshot after the changes have begun; tradewind order-book check FILE says more",
        )
    first = int(known[0])
    at = np.zeros(len(marks.close) - first, np.int64)
    at[known - first] = known - first
    at = np.maximum.accumulate(at) + first
    stale = at != np.arange(first, len(marks.close))
    high, low = (np.where(stale, marks.close[at], column[first:]) for column in (marks.high, marks.low))
    return Marks(marks.time[first:], marks.step_ns, high, low, marks.close[at])
