"""Choose on some stretches and test on the others, in every combination: not one course out of sample, but many.

found = cross_validate(SmaCross, bars, groups=10, test_groups=2)
found.sharpe
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.errors import BadInput, StrategyFailed
from tradewind.core.domain.instruments import instrument_for
from tradewind.core.domain.market_data import Bars
from tradewind.core.domain.quantities import too_few
from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import EngineName
from tradewind.core.performance.calendar import read_calendar
from tradewind.core.performance.cross_validation import backtest_paths, combinatorial_purged_splits, group_edges
from tradewind.core.performance.hold import hold_equity
from tradewind.core.performance.returns import equity_returns, sharpe
from tradewind.core.performance.undefined import Figure, Undefined
from tradewind.core.strategy.parameters import resolve
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.asked_space import space_of
from tradewind.research.backtest import Market
from tradewind.research.bench import Bench
from tradewind.research.objectives import objectives_from
from tradewind.research.optimise import search
from tradewind.research.ruined_sets import returns_with_ruin
from tradewind.research.search_plan import SearchPlan, plan_search
from tradewind.research.walk_forward import Progress
from tradewind.research.walk_forward_windows import Gap, gap_ns, timeline

Array = NDArray[np.float64]
PERIODS_MIN = 10
"""Periods of a group, below which its part of a path says nothing."""
ROUNDING = 1e-12
RUINED = Undefined("the choice lost all it had in the test")


@dataclass(frozen=True)
class SplitResult:
    """One choice of groups to test: the set that was best in the training periods (None: no set moved), and annual
    Sharpe ratios. `beaten` is the share of the other sets that the choice beat in the test; choosing blindly gives 0.5.
    """

    groups: tuple[int, ...]
    chosen: int | None
    trained: int
    tested: int
    sharpe_in: Figure
    sharpe_out: Figure
    beaten: Figure


@dataclass(frozen=True)
class CrossValidated:
    """What all splits found. `paths` (paths, periods) are the joined tests' returns; a period in which nothing could be
    chosen is in cash. Periods open at `time` (n); `purge` and `embargo` are in periods.
    """

    strategy: type[Strategy]
    markets: tuple[Market, ...]
    rules: MarketRules
    search: SearchPlan
    fixed: Mapping[str, Any]
    groups: int
    test_groups: int
    purge: int
    embargo: int
    sets: Sequence[Mapping[str, Any]]
    failed: int
    time: NDArray[np.int64]
    periods_per_year: float
    splits: tuple[SplitResult, ...]
    paths: Array

    @cached_property
    def emptied(self) -> NDArray[np.bool_]:
        """Whether each path came to nothing: its choice for a group lost all in it."""
        return ruined_rows(self.paths)

    @cached_property
    def histories(self) -> int:
        """How many of the paths are different ones: where every split chose the same, they are all one."""
        return len(np.unique(self.paths, axis=0))

    @cached_property
    def sharpe(self) -> Array:
        """The Sharpe ratio a year of each path; NaN for one that never moved or was emptied."""
        found = sharpe_rows(self.paths) * math.sqrt(self.periods_per_year)
        return np.where(self.emptied, np.nan, found)

    @cached_property
    def _ranked(self) -> Array:
        """Those of the paths that moved: an emptied one stands below every other."""
        found = np.where(self.emptied, -np.inf, self.sharpe)
        return found[~np.isnan(found)]

    @cached_property
    def median(self) -> Figure:
        """The middle path's Sharpe ratio."""
        if len(self._ranked) == 0:
            return Undefined("no path ever moved")
        low, high = np.quantile(self._ranked, 0.5, method="lower"), np.quantile(self._ranked, 0.5, method="higher")
        return float(low + high) / 2.0 if math.isfinite(low) else Undefined("the middle path lost all it had")

    @cached_property
    def hold(self) -> Figure:
        """The Sharpe ratio of buying and holding over the same time."""
        time = timeline(self.markets)
        ends = read_calendar(time, self.markets[0].bars.step_ns).period_ends
        account = hold_equity(time, [m.bars for m in self.markets], self.rules.cash)[ends]
        returns = equity_returns(account, self.rules.cash)
        return returns if isinstance(returns, Undefined) else sharpe(returns, self.periods_per_year)

    @cached_property
    def losing(self) -> Figure:
        """Share of the paths that were emptied or have a Sharpe ratio that is not above zero."""
        return float(np.mean(self._ranked <= 0.0)) if len(self._ranked) else Undefined("no path ever moved")

    @cached_property
    def degradation(self) -> Figure:
        """Mean over the splits of the choice's Sharpe ratio in training less that in the test."""
        pairs = [(s.sharpe_in, s.sharpe_out) for s in self.splits]
        falls = [a - b for a, b in pairs if not isinstance(a, Undefined) and not isinstance(b, Undefined)]
        return sum(falls) / len(falls) if falls else Undefined("no split has both Sharpe ratios")

    @cached_property
    def beaten(self) -> Figure:
        """Mean share of the sets that the splits' choices beat out of sample; choosing blindly gives 0.5."""
        shares = [s.beaten for s in self.splits if not isinstance(s.beaten, Undefined)]
        return sum(shares) / len(shares) if shares else Undefined("no split could rank its choice")

    def __repr__(self) -> str:
        middle = self.median
        text = middle.reason if isinstance(middle, Undefined) else f"median Sharpe {middle:.2f}"
        return f"CrossValidated({self.strategy.__name__}, {len(self.splits)} splits, {len(self.paths)} paths, {text})"

    def _repr_html_(self) -> str:
        """The page, inside a notebook's frame."""
        from tradewind.research.reports.cross_validated_page import cross_validated_study  # noqa: PLC0415 - heavy
        from tradewind.research.reports.notebook import framed  # noqa: PLC0415

        return framed(cross_validated_study(self))


def cross_validate(
    strategy: type[Strategy],
    data: Bars | Market | Sequence[Bars | Market],
    *,
    groups: int = 10,
    test_groups: int = 2,
    purge: Gap = 0,
    embargo: Gap = 0,
    space: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    method: str = "auto",
    budget: int | None = None,
    seed: int = 1,
    rules: MarketRules | None = None,
    engine: EngineName = "auto",
    cache: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> CrossValidated:
    """Combinatorial purged cross-validation of a search, by the Sharpe ratio.

    Every parameter set is run once over all bars. Its returns by the calendar's periods (days, mostly) are cut into
    `groups`; each choice of `test_groups` of them is tested once with the set that is best in the other periods,
    without those around each test group that `purge` takes off on both sides, since outcomes reach so far into it and
    out of it, and `embargo` after that (bars or a length of time, rounded up to periods). The tests join to whole
    histories, each period of each tested with what was chosen without it.

    A choice looks at the returns of its training periods and at nothing else: a set that a test will ruin may be chosen
    for it, and loses all there. Periods after a test group come from indicators that have seen its prices, which is
    what the embargo is for. Raises BadInput for a method that learns, since it would learn from all periods, and for
    too few of them. Source: Lopez de Prado, "Advances in Financial Machine Learning" (2018), chapter 12.
    """
    given = [data] if isinstance(data, Bars | Market) else data
    markets = tuple(d if isinstance(d, Market) else Market(d, instrument_for(d.symbol)) for d in given)
    if not markets:
        raise BadInput("there is no market to run on", fix="Give at least one symbol's bars")
    held = resolve(strategy.parameters, dict(parameters or {}), strategy.__name__)
    fixed = {name: held[name] for name in parameters or {}}
    plan = plan_search(space_of(strategy, space, fixed), method, objectives_from(["sharpe"]), (), budget, seed)
    if plan.learns:
        raise BadInput(
            f"{plan.method} learns from every period, those of the tests among them",
            where="--method",
            fix="Use grid, random or sobol, or walk forward: --scheme windows",
        )
    bench = Bench(strategy, markets, rules=rules, engine=engine, cache=cache, workers=workers)
    found = search(plan, bench, fixed, progress=progress)
    if len(found.scores.failed) == len(found.sets):
        raise StrategyFailed(f"it failed with every set: {found.why_none}", where=strategy.__name__)
    returns, time = returns_with_ruin(bench, found.sets, found.scores), found.scores.time
    calendar = read_calendar(timeline(markets), markets[0].bars.step_ns)
    period_ns = max(UNITS_NS["d"], markets[0].bars.step_ns)
    purged, left_out = (
        -(-gap_ns(gap, markets[0].bars.step_ns, f"--{name}") // period_ns)
        for name, gap in (("purge", purge), ("embargo", embargo))
    )
    if len(time) < groups * PERIODS_MIN:
        raise BadInput(
            f"{too_few(len(time), 'day')} for {groups} groups (or bars, where those are longer)",
            where="--groups",
            fix=f"Use fewer groups, or bring {groups * PERIODS_MIN:,} days or more",
        )
    known = np.minimum(np.arange(len(time), dtype=np.int64) + purged, len(time) - 1)
    splits, tests = [], []
    for split in combinatorial_purged_splits(len(time), groups, test_groups, known_at=known, embargo=left_out):
        if len(split.train) < PERIODS_MIN:
            raise BadInput(
                f"the gaps leave {len(split.train)} of {len(time) - len(split.test):,} days to choose by for the test "
                f"of groups {', '.join(str(group + 1) for group in split.groups)}: it takes {PERIODS_MIN}",
                where="--embargo" if left_out >= purged else "--purge",
                fix="Shorten the gaps, or bring more data",
            )
        result = _chosen(split.groups, returns, split.train, split.test, calendar.periods_per_year)
        splits.append(result)
        tests.append(np.zeros(len(time)) if result.chosen is None else np.nan_to_num(returns[result.chosen]))
    edges = group_edges(len(time), groups)
    paths = np.array(
        [
            np.concatenate([tests[split][edges[g] : edges[g + 1]] for g, split in enumerate(row)])
            for row in backtest_paths(groups, test_groups).tolist()
        ]
    )
    return CrossValidated(
        strategy, markets, bench.rules, plan, fixed, groups, test_groups, purged, left_out, found.sets,
        len(found.scores.failed), time, calendar.periods_per_year, tuple(splits), paths,
    )  # fmt: skip


def sharpe_rows(returns: Array) -> Array:
    """The Sharpe ratio per period of each row (rows, periods); NaN for a row that is constant or not known whole."""
    if returns.shape[1] < 2:
        return np.full(len(returns), np.nan)
    mean, deviation = returns.mean(axis=1), returns.std(axis=1, ddof=1)
    moves = deviation > ROUNDING * np.maximum(1.0, np.abs(returns).max(axis=1, initial=0.0))
    return np.asarray(np.divide(mean, deviation, out=np.full(len(returns), np.nan), where=moves))


def ruined_rows(returns: Array) -> NDArray[np.bool_]:
    """Whether each row (rows, periods) loses everything in a period."""
    return np.asarray((returns <= -1.0).any(axis=1))


def _chosen(
    groups: tuple[int, ...], returns: Array, train: NDArray[np.int64], test: NDArray[np.int64], per_year: float
) -> SplitResult:
    """The best set of the training periods, and what it did in the test. One that they ruined is not chosen; one that
    the test ruins is beaten by every other.
    """
    inside = np.where(ruined_rows(returns[:, train]), np.nan, sharpe_rows(returns[:, train]))
    outside = np.where(ruined_rows(returns[:, test]), -np.inf, sharpe_rows(returns[:, test]))
    if not np.isfinite(inside).any():
        nothing = Undefined("no set moved in the training periods")
        return SplitResult(groups, None, len(train), len(test), nothing, nothing, nothing)
    best = int(np.nanargmax(inside))
    others = np.delete(outside, best)
    others = others[~np.isnan(others)]
    year = math.sqrt(per_year)
    still: Figure = Undefined("the choice did not move in the test")
    alone: Figure = Undefined("there is no other set to beat")
    moved = not np.isnan(outside[best])
    return SplitResult(
        groups, best, len(train), len(test), float(inside[best]) * year,
        (float(outside[best]) * year if np.isfinite(outside[best]) else RUINED) if moved else still,
        still if not moved else float(np.mean(others < outside[best]) + np.mean(others == outside[best]) / 2)
        if len(others) else alone,
    )  # fmt: skip
