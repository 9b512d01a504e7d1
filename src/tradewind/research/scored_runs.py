"""Runs of which only the figures are kept, compiled and without a curve: the inside of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.engine.many_runs import Desk, ManyRuns
from tradewind.core.engine.rules import MarketRules
from tradewind.core.performance.account_figures import AccountRows, account_figures
from tradewind.core.performance.calendar import Calendar, read_calendar
from tradewind.core.performance.kernel import frozen
from tradewind.core.performance.scores import scores_of
from tradewind.core.performance.trades import match_closed
from tradewind.core.performance.undefined import Figure, Undefined
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import Joined, must_agree
from tradewind.research.refused import made


@dataclass(frozen=True)
class Scored:
    """One run's SCORES, and its returns (periods,) between the ends of the calendar's periods."""

    figures: list[Figure]
    returns: NDArray[np.float64] | Undefined


class ScoredRuns:
    """Many runs of one strategy on markets that are joined. Threads may share it; each brings its own Desk."""

    def __init__(self, strategy: type[Strategy], joined: Joined, rules: MarketRules, cache: Path | None) -> None:
        self.strategy = strategy
        self.rules = rules
        self.joined = joined
        merged = joined.merged
        self.runs = ManyRuns(merged, [m.instrument for m in joined.markets], rules, cache, RLock())
        self.symbols = len(joined.markets)
        several = self.symbols > 1
        time = merged.time
        ends = np.append(np.flatnonzero(time[1:] != time[:-1]), len(time) - 1) if several else None
        moments = time if ends is None else time[ends]
        start = int(np.searchsorted(moments, rules.trade_from_ns))
        self.calendar: Calendar = read_calendar(moments[start:], merged.step)
        period_rows = self.calendar.period_ends + start
        self.time: NDArray[np.int64] = moments[period_rows]
        self.rows = AccountRows(
            frozen(time),
            frozen(merged.close),
            frozen(merged.symbol.astype(np.int32) if several else np.empty(0, np.int32)),
            int(np.searchsorted(time, rules.trade_from_ns)),
            frozen(period_rows if ends is None else ends[period_rows]),
        )

    def desk(self) -> Desk:
        """Memory for one thread's runs."""
        return Desk(self.joined.merged)

    def score(self, parameters: Mapping[str, Any], desk: Desk) -> Scored:
        """Run one set. Raises as `ManyRuns.run` does."""
        run = self.runs.run(lambda: made(self.strategy, parameters), desk)
        cash, fills = self.rules.cash, frozen(run.fills)
        account = account_figures(self.rows, fills, frozen(run.fundings), cash, self.symbols)
        if self.rules.close_at_end:
            must_agree(account.final, run.cash, fills, cash)
        return Scored(*scores_of(account, match_closed(fills, run.fundings).trades, fills, cash, self.calendar))
