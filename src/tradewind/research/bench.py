"""One strategy on one market, run with many parameter sets.

bench = Bench(SmaCross, bars)
scores = bench.score([{"fast": 10, "slow": 30}, {"fast": 20, "slow": 50}])
scores.metric("sharpe")
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.compiler.layout import CannotCompile
from tradewind.core.domain.errors import BadInput, StrategyFailed, TradewindError
from tradewind.core.domain.market_data import Bars
from tradewind.core.engine.many_runs import Desk
from tradewind.core.engine.places import place_in
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import EngineName
from tradewind.core.performance.returns import equity_returns
from tradewind.core.performance.scores import SCORES
from tradewind.core.performance.undefined import Figure, Undefined
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import Backtest, Market, backtest, join
from tradewind.research.counting import count_scores, uncounted
from tradewind.research.refused import plain_functions
from tradewind.research.scored_runs import Scored, ScoredRuns
from tradewind.research.watched_threads import CalledBack, WatchedThreads

__all__ = ["SCORES", "Bench", "Progress", "Scores"]

Progress = Callable[[str, int, int], None]
"""Called with a stage, the parameter sets done and the sets in all."""
PROGRESS_SECONDS = 0.1
GRACE_SECONDS = 1.0
"""How long threads are left to the sets they are at when a search is to end; then they are called back."""
PATIENCE_SECONDS = 600.0
"""A set that is silent for so long is given up: its strategy's Python may be in a loop that never ends. It is heard of
when it has been set up, and every `CHUNK_BARS_INTERPRETED` bars."""


@dataclass(frozen=True)
class Scores:
    """Figures of many runs. `values` (sets, SCORES) and `returns` (sets, periods) are NaN where undefined.

    `returns` are those between the ends of the calendar's periods (UTC days, mostly); the bars that end them open at
    `time` (periods, int64 ns). `failed` names the sets that could not be run, with the reason: their rows are NaN.
    `undefined` says for each other set why figures are NaN. `why_interpreted` says what stopped the compiler, None
    where the runs were compiled.
    """

    values: NDArray[np.float64]
    returns: NDArray[np.float64]
    time: NDArray[np.int64]
    failed: Mapping[int, str]
    undefined: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    why_interpreted: str | None = None

    def __len__(self) -> int:
        return len(self.values)

    def metric(self, name: str) -> NDArray[np.float64]:
        """One figure of every set (sets,)."""
        if name not in SCORES:
            raise BadInput(f"a sweep has no figure {name!r}", fix=f"It has: {', '.join(SCORES)}")
        return np.asarray(self.values[:, SCORES.index(name)])

    def of(self, number: int) -> dict[str, float | None]:
        """The figures of one set by name; None where undefined."""
        return {
            name: None if np.isnan(value) else float(value)
            for name, value in zip(SCORES, self.values[number].tolist(), strict=True)
        }


class Bench:
    """A strategy on a market by its rules, ready to be run with any parameters."""

    def __init__(
        self,
        strategy: type[Strategy],
        data: Bars | Market | Sequence[Bars | Market],
        *,
        rules: MarketRules | None = None,
        engine: EngineName = "auto",
        cache: Path | None = None,
        workers: int | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """`cache` keeps compiled code; `workers` are threads (None: one a core). The figures do not depend on them.

        A set of which nothing is heard for `patience_seconds` has failed.

        Raises BadInput for data that cannot be run on, StrategyFailed for a class that cannot be a strategy.
        """
        if workers is not None and workers < 1:
            raise BadInput(f"a bench needs at least one worker, not {workers}", fix="Leave it out for one a core")
        plain_functions(strategy)
        self.strategy = strategy
        self.data = data
        self.rules = rules or MarketRules()
        self.engine: EngineName = engine
        self.cache = cache
        self.workers = workers or os.cpu_count() or 1
        self.patience_seconds = patience_seconds
        self._threads = WatchedThreads()
        self._runs = ScoredRuns(strategy, join(data, self.rules), self.rules, cache)
        # A strategy that is told of its run's end is told by whole runs only.
        self._whole = engine == "interpreted" or strategy.on_stop is not Strategy.on_stop
        self.why_interpreted: str | None = "it was asked for" if engine == "interpreted" else None

    @property
    def markets(self) -> tuple[Market, ...]:
        """What it runs on, a market for each symbol."""
        return tuple(self._runs.joined.markets)

    @property
    def time(self) -> NDArray[np.int64]:
        """Open times of the bars that end the calendar's periods (periods,), ns UTC."""
        return self._runs.time

    @property
    def periods_per_year(self) -> float:
        """How many of the calendar's periods make a year."""
        return self._runs.calendar.periods_per_year

    def score(self, sets: Sequence[Mapping[str, Any]], progress: Progress | None = None) -> Scores:
        """Run every set. A set whose strategy fails, or refuses its parameters, has no figures and says why. The others
        are counted as trials, where runs are counted (`research.counting`).

        An interrupt ends the threads after the set they are at, or where it stands after a second if that is in Python,
        and is passed on. Raises StrategyFailed where the
        engine is to be "compiled" and the strategy cannot be.
        """
        tell = progress or (lambda _stage, _done, _total: None)
        found: list[Scored | str | None] = [None] * len(sets)
        with uncounted():  # they are counted below, all at once
            if sets:
                tell("compiling", 0, len(sets))
                # The first set is compiled for, or shows that nothing can be.
                self._run(range(1), 1, sets, found)
            self._run(range(1, len(sets)), 1 if self._whole else self.workers, sets, found, tell)
        scores = self._table(found)
        self.count(sets, scores)
        tell("running", len(sets), len(sets))
        return scores

    def count(self, sets: Sequence[Mapping[str, Any]], scores: Scores) -> None:
        """Count sets as trials that this bench, or an earlier one like it, has scored. None counts twice."""
        count_scores(self.strategy, self._runs.joined.markets, self.rules, sets, scores.returns, scores.failed)

    def backtest(self, parameters: Mapping[str, Any]) -> Backtest:
        """One set's whole run, as `backtest` makes it."""
        return backtest(
            self.strategy,
            self.data,
            rules=self.rules,
            engine=self.engine,
            cache=self.cache,
            parameters=parameters,
            progress=lambda _stage, _done, _total: self._threads.alive(),
        )

    def _run(
        self,
        wanted: range,
        workers: int,
        sets: Sequence[Mapping[str, Any]],
        found: list[Scored | str | None],
        tell: Progress = lambda _stage, _done, _total: None,
    ) -> None:
        """Run the sets of these numbers in threads, and watch them."""
        numbers, stop = iter(wanted), Event()
        threads = min(workers, len(wanted))

        def work() -> None:
            desk = self._runs.desk()
            while not stop.is_set() and (i := next(numbers, None)) is not None:
                found[i] = self._in_time(sets[i], desk, stop)

        if threads < 1:
            return
        with ThreadPoolExecutor(threads) as pool:
            working = {pool.submit(work) for _ in range(threads)}
            try:
                while working:
                    ended, working = wait(working, PROGRESS_SECONDS, FIRST_EXCEPTION)
                    for future in ended:
                        future.result()
                    self._threads.call_back_silent(self.patience_seconds)
                    tell("running", len(sets) - found.count(None), len(sets))
            finally:
                stop.set()
                _, working = wait(working, GRACE_SECONDS)  # most are at the end of their set long before
                while working:
                    self._threads.call_back_all()
                    _, working = wait(working, PROGRESS_SECONDS)

    def _in_time(self, parameters: Mapping[str, Any], desk: Desk, stop: Event) -> Scored | str:
        """One set's figures, or why there are none; what is called back is one that took too long, until `stop`."""
        try:
            return self._threads.do(lambda: self._one(parameters, desk))
        except CalledBack as called:
            if stop.is_set():
                raise
            failure = StrategyFailed(
                f"nothing was heard of it for {self.patience_seconds:g} s",
                where=place_in(called, self.strategy.__name__),
                fix="See that its loops end; where it only is slow, Bench(..., patience_seconds=...) waits longer",
            )
            return str(failure)

    def _one(self, parameters: Mapping[str, Any], desk: Desk) -> Scored | str:
        """One set's figures, or why there are none."""
        if not self._whole:
            try:
                return self._runs.score(parameters, desk)
            except (StrategyFailed, BadInput) as error:
                return str(error)
            except CannotCompile as reason:
                self._interpret(reason)
            except TradewindError:
                raise
            except Exception:  # noqa: BLE001, S110 - compiled code raised; a whole run says where and at which bar
                pass
        try:
            return _scored(self.backtest(parameters))
        except (StrategyFailed, BadInput) as error:
            return str(error)

    def _interpret(self, reason: CannotCompile) -> None:
        if self.engine == "compiled":
            raise StrategyFailed(f"it does not compile: {reason}", fix="Use --engine auto to interpret it") from reason
        self.why_interpreted = str(reason)
        self.engine = "interpreted"
        self._whole = True

    def _table(self, found: Sequence[Scored | str | None]) -> Scores:
        values = np.full((len(found), len(SCORES)), np.nan)
        returns = np.full((len(found), len(self.time)), np.nan)
        failed: dict[int, str] = {}
        undefined: dict[int, dict[str, str]] = {}
        for i, one in enumerate(found):
            if not isinstance(one, Scored):
                failed[i] = one or "it was not run"
                continue
            values[i] = [np.nan if isinstance(figure, Undefined) else figure for figure in one.figures]
            reasons = {
                name: figure.reason
                for name, figure in zip(SCORES, one.figures, strict=True)
                if isinstance(figure, Undefined)
            }
            if reasons:
                undefined[i] = reasons
            if not isinstance(one.returns, Undefined):
                returns[i] = one.returns
        return Scores(values, returns, self.time, failed, undefined, self.why_interpreted)


def _scored(ran: Backtest) -> Scored:
    """The same figures of a whole run."""
    performance = ran.performance
    figures: list[Figure] = [
        Undefined(performance.undefined[name]) if (value := performance.metrics[name]) is None else value
        for name in SCORES
    ]
    ends = ran.calendar.period_ends
    return Scored(figures, equity_returns(ran.equity[ends], ran.rules.cash))
