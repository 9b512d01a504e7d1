"""Counting: inside a `counting(...)` block every run is written into the trial ledger before anyone sees its result.

It is told to the ledger where runs are made (`backtest` and `Bench.score`), so nothing that is built on them, now or
later, can forget it. Outside such a block nothing is counted, and a run's `dsr` says so instead of being a number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.data_sets import content_hash
from tradewind.core.domain.errors import BadInput, Unavailable
from tradewind.core.domain.trials import LOCAL, REAL, Ground, Look, Tally, TrialKind
from tradewind.core.engine.rules import MarketRules
from tradewind.core.performance.calendar import read_calendar
from tradewind.core.performance.deflation import with_trials, without_trials
from tradewind.core.performance.returns import equity_returns, spread
from tradewind.core.performance.undefined import Undefined
from tradewind.core.strategy.strategy import Strategy
from tradewind.ports.trials import Trials
from tradewind.research.code_hash import code_hash

if TYPE_CHECKING:
    from tradewind.research.backtest import Backtest, Market

NOT_COUNTED = "the run was not counted as a trial (in Python: with counted(): ...)"


@dataclass
class Counting:
    """What is counted at the moment, for whom, and what came of it."""

    ledger: Trials
    kind: TrialKind
    now_ns: int
    origin: str = REAL
    tenant: str = LOCAL
    seen: int = 0
    """Trials told so far."""
    new: int = 0
    """Those of them that the ledger had not counted before."""
    problem: str | None = None
    """Why the ledger could not be used, where it could not: then trials were lost, and no DSR is given."""

    def tell(self, look: Look, parameters: Sequence[str], sharpe: NDArray[np.float64], periods: int) -> None:
        """Write trials down. A ledger that cannot be reached is remembered as the `problem`; a damaged one raises."""
        self.seen += len(parameters)
        try:
            self.new += self.ledger.record(look, parameters, sharpe, periods)
        except Unavailable as problem:
            self.problem = self.problem or problem.message

    def tally(self, ground: Ground) -> Tally | Undefined:
        """The trials on a ground, or why they are not known."""
        if self.problem is None:
            try:
                return self.ledger.tally(ground)
            except Unavailable as problem:
                self.problem = problem.message
        return Undefined(f"trials were not counted: {self.problem}")


_NOW: ContextVar[Counting | None] = ContextVar("counting", default=None)


@contextmanager
def counting(
    ledger: Trials, kind: TrialKind, *, now_ns: int, origin: str = REAL, tenant: str = LOCAL
) -> Iterator[Counting]:
    """Count every run of this thread until the block ends. An inner block counts instead of the outer one."""
    found = Counting(ledger, kind, now_ns, origin, tenant)
    token = _NOW.set(found)
    try:
        yield found
    finally:
        _NOW.reset(token)


@contextmanager
def uncounted() -> Iterator[None]:
    """Count nothing until the block ends: for runs that are no look at how good a strategy is, such as the many cuts
    of a look-ahead check. They must not be shown as results.
    """
    token = _NOW.set(None)
    try:
        yield
    finally:
        _NOW.reset(token)


def now_counting() -> Counting | None:
    """What counts at the moment, if anything."""
    return _NOW.get()


def count_backtest(found: Backtest) -> Backtest:
    """Tell the ledger of one finished run; the run with its `dsr` and `n_trials`."""
    counter = _NOW.get()
    if counter is None:
        return replace(found, performance=without_trials(found.performance, NOT_COUNTED))
    step_ns = found.markets[0].bars.step_ns
    ends = read_calendar(found.time, step_ns).period_ends
    returns = equity_returns(found.equity[ends], found.rules.cash)
    look = _look(counter, found.strategy, found.markets, found.rules)
    ratio = np.nan if isinstance(returns, Undefined) else _sharpe(returns)
    counter.tell(look, [_text(found.parameters)], np.array([ratio]), len(ends))
    tally = counter.tally(look.ground)
    if isinstance(tally, Undefined):
        return replace(found, performance=without_trials(found.performance, tally.reason))
    return replace(found, performance=with_trials(found.performance, returns, tally))


def count_scores(
    strategy: type[Strategy],
    markets: Sequence[Market],
    rules: MarketRules,
    sets: Sequence[Mapping[str, Any]],
    returns: NDArray[np.float64],
    failed: Mapping[int, str],
) -> None:
    """Tell the ledger of many sets at once. `returns` (sets, periods) are NaN where undefined.

    A set that could not be run had no result that could have looked good: it is no trial.
    """
    counter = _NOW.get()
    ran = [number for number in range(len(sets)) if number not in failed]
    if counter is None or not ran:
        return
    rows = returns if len(ran) == len(sets) else returns[ran]
    texts = [_text(_resolved(strategy, sets[number])) for number in ran]
    counter.tell(_look(counter, strategy, markets, rules), texts, sharpe_ratios(rows), returns.shape[1])


def sharpe_ratios(returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sharpe ratios per period (sets,) of returns (sets, periods), by the definition of `core.performance.returns`."""
    if returns.shape[1] < 2:
        return np.full(len(returns), np.nan)
    deviation = returns.std(axis=1, ddof=1)
    flat = ~(deviation > 1e-15 + 1e-12 * np.abs(returns).max(axis=1))
    ratios: NDArray[np.float64] = np.where(flat, np.nan, returns.mean(axis=1) / np.where(flat, 1.0, deviation))
    return ratios


def ground_of(markets: Sequence[Market], rules: MarketRules, counter: Counting) -> Ground:
    """The stretch on which a run is judged: bars before `trade_from_ns` only warm it up."""
    first = min(int(m.bars.time[0]) for m in markets)
    end = max(int(m.bars.time[-1]) + m.bars.step_ns for m in markets)
    start = max(first, rules.trade_from_ns)
    symbols = tuple(m.bars.symbol for m in markets)
    if start >= end:
        raise BadInput("the run is judged from after its last bar", where=", ".join(symbols), fix="Begin it earlier")
    return Ground(symbols, start, end, counter.origin, counter.tenant)


def _look(counter: Counting, strategy: type[Strategy], markets: Sequence[Market], rules: MarketRules) -> Look:
    return Look(
        ground=ground_of(markets, rules, counter),
        timeframe=markets[0].bars.timeframe,
        data_hash=_data_hash(markets),
        strategy=strategy.__name__,
        code_hash=code_hash(strategy),
        rules_hash=_hash([asdict(rules), [asdict(m.instrument) for m in markets]]),
        kind=counter.kind,
        made_ns=counter.now_ns,
    )


def _data_hash(markets: Sequence[Market]) -> str:
    """Over the rows that a run can see. What is stored beyond its ends does not make it another run."""
    digest = hashlib.sha256()
    for market in markets:
        bars = market.bars
        first, end = int(bars.time[0]), int(bars.time[-1]) + bars.step_ns
        digest.update(f"{bars.symbol} {bars.timeframe} {content_hash(bars.columns())}\n".encode())
        for series in (market.funding, market.marks):
            if series is not None:
                digest.update(f"{series.KIND} {content_hash(series.slice(first, end).columns())}\n".encode())
    return digest.hexdigest()


def _sharpe(returns: NDArray[np.float64]) -> float:
    deviation = spread(returns)
    if isinstance(deviation, Undefined) or deviation == 0.0:
        return float("nan")
    return float(returns.mean()) / deviation


def _resolved(strategy: type[Strategy], given: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters with their values, as `resolve` has them, and quickly: a sweep has many sets."""
    name = strategy.__name__
    values = {n: given.get(n, parameter.default) for n, parameter in strategy.parameters.items()}
    return {
        n: v if type(v) is type(parameter.default) else parameter.parse(v, name)
        for (n, v), parameter in zip(values.items(), strategy.parameters.values(), strict=True)
    }


def _text(parameters: Mapping[str, Any]) -> str:
    """Parameters as one text that does not depend on their order."""
    return _ENCODER.encode(parameters).decode()


def _hash(values: Any) -> str:
    return hashlib.sha256(_ENCODER.encode(values)).hexdigest()


_ENCODER = msgspec.json.Encoder(order="sorted")
