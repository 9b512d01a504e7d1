"""Try many parameter sets of one strategy, and say which is best, and how little that may mean.

found = optimise(SmaCross, bars, space={"fast": "5:50:5", "slow": [50, 100, 200]})
found.best_parameters
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

import numpy as np

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.market_data import Bars
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import EngineName
from tradewind.core.performance.calendar import read_calendar
from tradewind.core.performance.undefined import Undefined
from tradewind.core.strategy.parameters import resolve
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.asked_space import space_of
from tradewind.research.backtest import Market
from tradewind.research.bench import SCORES, Bench, Scores
from tradewind.research.counting import ground_of, now_counting
from tradewind.research.judged_sets import excess, goals, judge
from tradewind.research.kept_blocks import KeptBlocks
from tradewind.research.objectives import constraints_from, objectives_from
from tradewind.research.optimised import Optimised, Stretch
from tradewind.research.resuming import now_resumable
from tradewind.research.same_search import sweep_hash, sweep_words
from tradewind.research.search_luck import SearchLuck, search_luck
from tradewind.research.search_plan import SearchPlan, plan_search
from tradewind.research.searches import Sets

Progress = Callable[[str, int, int], None]
"""Called with a stage, the parameter sets done and the sets in all."""
BLOCK_FIRST, BLOCK_MAX = 16, 4_096
"""Sets that are run, and kept, at once, where the search does not choose that itself. How a search is cut into blocks
changes nothing of what it finds."""
RETURNS_MAX = 250_000_000
"""Returns that a search may bring, sets times periods: 2 GB of them."""
BLOCK_SECONDS = 1.0
"""How long a block should take: what a kill may cost."""


class Blocks(Protocol):
    """Where a sweep keeps what is done, so that one that was cut off can go on."""

    def done(self) -> Iterator[tuple[Sets, Scores]]:
        """The blocks that were kept, in their order."""
        ...

    def keep(self, sets: Sets, scores: Scores) -> None:
        """Keep one more block; afterwards it is there, whatever happens."""
        ...


def optimise(
    strategy: type[Strategy],
    data: Bars | Market | Sequence[Bars | Market],
    *,
    space: Mapping[str, Any] | None = None,
    method: str = "auto",
    objectives: Sequence[str] = ("sharpe",),
    constraints: Sequence[str] = (),
    budget: int | None = None,
    seed: int = 1,
    parameters: Mapping[str, Any] | None = None,
    rules: MarketRules | None = None,
    engine: EngineName = "auto",
    cache: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Optimised:
    """Search `space` (by parameter: `"5:50:5"`, a list, a range; without it all that declare their range).

    method       grid, random, sobol, tpe, cma-es (`search_plan.METHODS`); auto: the grid up to 10,000 sets
    objectives   figures of `bench.SCORES` to raise or lower, each by its nature or as said: `min:volatility`
    constraints  limits such as `trades>=30`; a set that breaks one is tried and never wins
    budget       how many sets to try; the grid is tried whole or refused
    parameters   values of parameters that are not turned

    Inside a `resumable()` block an interrupted search goes on where it was when the same call is made again. Raises
    BadInput for a space, a method or an objective that makes no sense. Sets in which the strategy fails are counted,
    with the reason, and never win.
    """
    values = resolve(strategy.parameters, dict(parameters or {}), strategy.__name__)
    fixed = {name: values[name] for name in parameters or {}}
    plan = plan_search(
        space_of(strategy, space, fixed),
        method,
        objectives_from([objectives] if isinstance(objectives, str) else objectives),
        constraints_from([constraints] if isinstance(constraints, str) else constraints),
        budget,
        seed,
    )
    bench = Bench(strategy, data, rules=rules, engine=engine, cache=cache, workers=workers)
    keeper = now_resumable()
    if keeper is None:
        return search(plan, bench, fixed, progress=progress)
    must_fit(plan, bench)
    words = sweep_words(plan, bench, fixed)
    name = f"{strategy.__name__}-{sweep_hash(words)}"
    with keeper.sweeps.work_on(name, words, keeper.now_ns, fresh=keeper.fresh) as sweep:
        kept = KeptBlocks(sweep)
        try:
            found = search(plan, bench, fixed, kept=kept, progress=progress)
        except KeyboardInterrupt:
            raise kept.interrupted(plan.budget, "To go on: the same call, in resumable()") from None
        keeper.sweeps.forget(name)  # still ours
    return found


def search(
    plan: SearchPlan,
    bench: Bench,
    fixed: Mapping[str, Any],
    *,
    kept: Blocks | None = None,
    progress: Progress | None = None,
) -> Optimised:
    """Carry a plan out: blocks that were kept are taken as they are, the rest is run."""
    must_fit(plan, bench)
    begun, sets, found = plan.begin(), list[dict[str, Any]](), list[Scores]()

    def learn(asked: Sets, scores: Scores) -> None:
        begun.tell(asked, goals(scores, plan.objectives), excess(scores, plan.constraints))
        sets.extend({**fixed, **one} for one in asked)
        found.append(scores)

    for had, scores in kept.done() if kept else ():
        if begun.ask(len(had)) != had:
            raise BadInput(
                "the sets that were kept are not those that this search asks for",
                fix="Begin again: --fresh",
            )
        # The process that ran them may not have reached the ledger, or reached another one.
        bench.count([{**fixed, **one} for one in had], scores)
        learn(had, scores)
    before, size = len(sets), BLOCK_FIRST
    while asked := begun.ask(min(size, plan.budget - len(sets))) if len(sets) < plan.budget else []:
        began = monotonic()
        scores = bench.score(
            [{**fixed, **one} for one in asked], _told(progress, len(sets) - before, plan.budget - before)
        )
        if kept:
            kept.keep(asked, scores)
        learn(asked, scores)
        size = _paced(size, monotonic() - began)
    scores = joined(found)
    markets = bench.markets
    judged = judge(scores, plan.objectives, plan.constraints)
    stretch = Stretch(
        tuple(market.bars.symbol for market in markets),
        markets[0].bars.timeframe,
        min(int(market.bars.time[0]) for market in markets),
        max(int(market.bars.time[-1]) + market.bars.step_ns for market in markets),
    )
    luck = _luck(markets, bench.rules, scores, judged.best)
    return Optimised(bench.strategy.__name__, stretch, plan, sets, scores, judged, luck)


def must_fit(plan: SearchPlan, bench: Bench) -> None:
    """Raises BadInput for a search whose returns would fill the memory."""
    if plan.budget * len(bench.time) > RETURNS_MAX:
        raise BadInput(
            f"{plan.budget:,} sets on {len(bench.time):,} periods would fill the memory with their returns",
            fix=f"Try at most {RETURNS_MAX // len(bench.time):,} sets at once, or a shorter stretch",
        )


def _luck(markets: Sequence[Market], rules: MarketRules, scores: Scores, best: int | None) -> SearchLuck:
    """By the trials that the ledger has counted on this stretch of market, where somebody counts."""
    per_year = read_calendar(scores.time, markets[0].bars.step_ns).periods_per_year if len(scores.time) else None
    counter = now_counting()
    tally = counter.tally(ground_of(markets, rules, counter)) if counter else None
    if isinstance(tally, Undefined):
        # Somebody counts, and cannot: how many looks there were is not known, so no probability is given.
        return replace(search_luck(scores, best, per_year), expected=tally, dsr=tally)
    return search_luck(scores, best, per_year, tally)


def _told(progress: Progress | None, before: int, total: int) -> Progress | None:
    """A block's progress as that of what this process has to do: what was done before took it no time."""
    if progress is None:
        return None

    def tell(stage: str, done: int, _: int) -> None:
        if stage != "compiling" or before == 0:
            progress(*((stage, 0, 1) if stage == "compiling" else ("searching", before + done, total)))

    return tell


def _paced(size: int, seconds: float) -> int:
    """The next block's size: twice the last one's or half of it, where that took too little or too much time."""
    if seconds < BLOCK_SECONDS / 2:
        return min(2 * size, BLOCK_MAX)
    return max(1, size // 2) if seconds > 2 * BLOCK_SECONDS else size


def joined(blocks: list[Scores]) -> Scores:
    """Scores of several blocks on one market as those of one. A block whose every set failed may know no periods.

    The list is emptied on the way: the returns of a long search fill much of the memory, and should not stand there
    twice.
    """
    count = sum(len(block) for block in blocks)
    time = max((block.time for block in blocks), key=len, default=np.empty(0, np.int64))
    values, returns = np.empty((count, len(SCORES))), np.empty((count, len(time)))
    failed: dict[int, str] = {}
    undefined: dict[int, Mapping[str, str]] = {}
    why_interpreted = None
    first = 0
    blocks.reverse()
    while blocks:
        block = blocks.pop()
        last = first + len(block)
        values[first:last] = block.values
        returns[first:last] = block.returns if len(block.time) else np.nan
        failed |= {first + number: reason for number, reason in block.failed.items()}
        undefined |= {first + number: reasons for number, reasons in block.undefined.items()}
        why_interpreted = why_interpreted or block.why_interpreted
        first = last
    return Scores(values, returns, time, failed, undefined, why_interpreted)
