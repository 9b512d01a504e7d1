"""Several strategies and symbols on one account.

result = portfolio([Sleeve(SmaCross, btc), Sleeve(RsiMeanReversion, eth)], allocation="risk_parity", every="1M")
result.contributions.of_return
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tradewind.core.domain.errors import BadInput, StrategyFailed
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.run import EngineName, RunResult
from tradewind.core.engine.stepwise import CompiledStopped, SteppedRun
from tradewind.core.performance.allocation import Allocation
from tradewind.core.strategy.parameters import resolve
from tradewind.research.backtest import Joined, join
from tradewind.research.counting import count_scores
from tradewind.research.portfolio_account import Account, Held, Times
from tradewind.research.portfolio_plan import SLEEVES_MAX, Rebalancing, Sleeve
from tradewind.research.portfolio_records import Records, records_of
from tradewind.research.portfolio_result import Portfolio, fold
from tradewind.research.refused import made, plain_functions

__all__ = ["Allocation", "Portfolio", "Rebalancing", "Sleeve", "portfolio"]
Progress = Callable[[str, int, int], None]


def portfolio(
    sleeves: Sequence[Sleeve],
    *,
    allocation: Allocation | str = "equal",
    every: str = "1M",
    drift: float | None = None,
    resize: bool = True,
    rules: MarketRules | None = None,
    engine: EngineName = "auto",
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Portfolio:
    """Run the sleeves side by side on one account of `rules.cash`, and judge it.

    `allocation` decides each one's part of the account (its name alone takes the usual settings), `every` and `drift`
    when the parts are put right, `resize` whether positions follow (see Allocation and Rebalancing). Weights use only
    returns of days that are over. A sleeve begins when its first bar opens, and ends when its last one has closed.

    Raises BadInput for sleeves, rules or data that do not fit, StrategyFailed where a strategy breaks.
    """
    wanted = Allocation(allocation) if isinstance(allocation, str) else allocation
    rebalancing = Rebalancing(every, drift, resize)
    sleeves = _checked(sleeves)
    rules = rules or MarketRules()
    if rules.trade_from_ns:
        raise BadInput("a portfolio begins with its first bar", fix="Leave trade_from_ns out, and start the data there")
    own = [replace(sleeve.rules or rules, cash=rules.cash) for sleeve in sleeves]
    joined = [join(sleeve.data, each) for sleeve, each in zip(sleeves, own, strict=True)]
    tell = progress or (lambda _stage, _done, _total: None)
    engines: dict[int, EngineName] = dict.fromkeys(range(len(sleeves)), engine)
    why: str | None = None
    while True:
        start = _starter(sleeves, joined, engines, cache)
        started: dict[int, SteppedRun] = {}

        def begin(
            number: int, at: MarketRules, cash: float, start: Starter = start, kept: dict[int, SteppedRun] = started
        ) -> SteppedRun:
            kept[number] = start(number, at, cash)
            return kept[number]

        try:
            records = _records(begin, own, rules.cash, joined, tell) if wanted.needs_history else None
            held = [Held(_times(j, each), s.share) for s, j, each in zip(sleeves, joined, own, strict=True)]
            account = Account(held, begin, own, rules.cash, wanted, rebalancing, records)
            account.run_through(lambda done, total: tell("running", done, total))
        except CompiledStopped as stopped:
            broken = [n for n, run in started.items() if run is stopped.run] or list(engines)
            for number in broken:
                engines[number] = "interpreted"
            why = f"compiled code raised {stopped.__cause__!r}, which the interpreter does not: please report this"
            continue
        if why is not None and engine == "compiled":
            raise StrategyFailed(why, where="portfolio", fix="Use --engine auto to interpret it")
        found = fold(account, sleeves, joined)
        _count(found, own)
        return found


Starter = Callable[[int, MarketRules, float], SteppedRun]


def _starter(
    sleeves: Sequence[Sleeve], joined: Sequence[Joined], engines: dict[int, EngineName], cache: Path | None
) -> Starter:
    def start(number: int, rules: MarketRules, cash: float) -> SteppedRun:
        sleeve, market = sleeves[number], joined[number]
        instruments = [m.instrument for m in market.markets]
        return SteppedRun(
            lambda: made(sleeve.strategy, sleeve.parameters), market.merged, instruments, rules, cash,
            engines[number], cache,
        )  # fmt: skip

    return start


def _checked(sleeves: Sequence[Sleeve]) -> list[Sleeve]:
    """The sleeves, those without a name that would be called the same with their parameters behind it."""
    if not sleeves:
        raise BadInput("a portfolio needs at least one sleeve", fix="Give a list: [Sleeve(SmaCross, bars), ...]")
    if len(sleeves) > SLEEVES_MAX:
        raise BadInput(
            f"{len(sleeves)} sleeves are more than the {SLEEVES_MAX} that are run together",
            fix="Leave some out, or run two portfolios",
        )
    given = [sleeve.title for sleeve in sleeves]
    named = []
    for sleeve in sleeves:
        values = ", ".join(f"{name}={value}" for name, value in sleeve.parameters.items())
        more = values and not sleeve.name and given.count(sleeve.title) > 1
        named.append(replace(sleeve, name=f"{sleeve.title} ({values})") if more else sleeve)
    titles = [sleeve.title for sleeve in named]
    for title in titles:
        if titles.count(title) > 1:
            raise BadInput(
                f"{titles.count(title)} sleeves are called {title!r}", where="portfolio", fix="Give each its own name"
            )
    for sleeve in named:
        plain_functions(sleeve.strategy)
        resolve(sleeve.strategy.parameters, dict(sleeve.parameters), sleeve.title)
    return named


def _times(joined: Joined, rules: MarketRules) -> Times:
    data = joined.merged
    latency = rules.latency_bars * data.step + round(rules.latency_ms * 1_000_000)
    return Times(int(data.time[0]), int(data.time[-1]) + data.step, data.step + latency)


def _records(
    begin: Starter, rules: Sequence[MarketRules], cash: float, joined: Sequence[Joined], tell: Progress
) -> Records:
    """Each sleeve by itself; nothing is paid in or out."""
    runs: list[tuple[Joined, RunResult]] = []
    for number, each in enumerate(joined):
        tell("alone", number, len(joined))
        run = begin(number, rules[number], cash)
        run.advance(run.ends_ns)
        runs.append((each, run.finish()))
    tell("alone", len(joined), len(joined))
    return records_of([(each.merged, result) for each, result in runs], cash)


def _count(found: Portfolio, rules: Sequence[MarketRules]) -> None:
    """Each sleeve is a look at its strategy on its markets."""
    for number, sleeve in enumerate(found.sleeves):
        own = found.own_returns[:, number]
        own = own[np.isfinite(own)]
        markets = found.joined[number].markets
        count_scores(sleeve.strategy, markets, rules[number], [dict(sleeve.parameters)], own[None, :], {})
