"""A walk-forward in words: the verdict, what to be careful about, how it was done."""

from __future__ import annotations

from tradewind.core.domain.quantities import so_many
from tradewind.core.performance.calendar import read_calendar
from tradewind.core.performance.returns import RUIN
from tradewind.core.performance.undefined import Undefined
from tradewind.research.walk_forward_result import WalkForward
from tradewind.research.walk_forward_windows import timeline

HOLDS, FAILS = 60.0, 30.0
"""A robustness from which on a strategy is said to hold up, and below which it is said not to."""
PERIODS_FEW, TRADES_FEW = 30, 30
NUMBERS_SHOWN = 8
WINDOWS_FEW = 3
"""Fewer windows than this cannot show that a result repeats itself."""


def verdict_of(walked: WalkForward) -> tuple[str, bool | None]:
    """One sentence, and whether it is good (True), bad (False) or neither, as for a walk that is not finished."""
    score, done = walked.robustness.score, len(walked.windows)
    told = score.reason if isinstance(score, Undefined) else f"robustness {score:.0f} of 100"
    if walked.interrupted:
        return f"Unfinished, after {done} of {walked.planned} windows: {told}", None
    if isinstance(score, Undefined):
        return _without_score(walked, told)
    if score < FAILS:
        return f"Does not hold up out of sample: {told}", False
    if done < WINDOWS_FEW:
        return f"Undecided: {told}, but from {done} window{'s' if done > 1 else ''} only", None
    if score < HOLDS:
        return f"Undecided: {told}", None
    return f"Holds up out of sample: {told}", True


def _without_score(walked: WalkForward, told: str) -> tuple[str, bool | None]:
    """An emptied account has no ratios, and that is no open question."""
    if walked.joined.equity[-1] <= RUIN * walked.rules.cash:
        return f"Does not hold up out of sample: {told}", False
    if all(window.parameters is None for window in walked.windows):
        return "No verdict: in no window could anything be chosen", None
    return f"No verdict: {told}", None


def cautions(walked: WalkForward) -> list[str]:
    """What to know before believing the figures."""
    said = []
    if walked.interrupted:
        said.append(f"Interrupted: {len(walked.windows)} of {walked.planned} windows are done, the rest is missing")
    said += reasons(walked)
    failed = sum(result.failed for result in walked.windows)
    if failed:
        said.append(f"The strategy failed in {failed:,} of {walked.tried:,} training runs; those sets were not chosen")
    time, step_ns = timeline(walked.markets), walked.markets[0].bars.step_ns
    shortest = min(
        len(read_calendar(time[r.window.test.first : r.window.test.after], step_ns).period_ends) for r in walked.windows
    )
    if shortest < PERIODS_FEW:
        said.append(
            f"The shortest test has {shortest} daily returns: one window's figures say little, the joined ones more"
        )
    trades = int(walked.joined.performance.metrics["trades"] or 0)
    if trades == 0:
        said.append("No trade was made out of sample: there is nothing to judge")
    elif trades < TRADES_FEW:
        said.append(f"Only {so_many(trades, 'trade')} out of sample: hardly enough to tell skill from luck")
    return said + _edges(walked)


def reasons(walked: WalkForward) -> list[str]:
    """Why windows have no test, those with one reason together."""
    found: dict[str, list[str]] = {}
    for result in walked.windows:
        if result.reason:
            found.setdefault(result.reason, []).append(str(result.window.number))
    said = []
    for reason, numbers in found.items():
        more = f" and {len(numbers) - NUMBERS_SHOWN} more" if len(numbers) > NUMBERS_SHOWN else ""
        said.append(f"Window{'s' if len(numbers) > 1 else ''} {', '.join(numbers[:NUMBERS_SHOWN])}{more}: {reason}")
    return said


def _edges(walked: WalkForward) -> list[str]:
    """Parameters whose best value lies at the end of what was searched, where a better one may lie beyond.

    A switch has nothing beyond its two values, and a declared range ends where its owner said.
    """
    chosen = [r.parameters for r in walked.windows if r.parameters is not None]
    said = []
    for name, (low, high) in walked.searched.items():
        declared = walked.strategy.parameters[name]
        for end, limit, word in ((low, declared.low, "least"), (high, declared.high, "greatest")):
            count = sum(float(values[name]) == end for values in chosen)
            beyond = not isinstance(declared.default, bool) and end != limit
            if high > low and beyond and 2 * count > len(chosen):
                said.append(
                    f"{name} was chosen as the {word} value tried ({end:g}) in {count} of {len(chosen)} windows: "
                    "search further that way"
                )
    return said


def method_items(walked: WalkForward) -> tuple[str, ...]:
    """The windows and the search, a sentence each."""
    plan, search, first = walked.plan, walked.search, walked.windows[0].window
    kind, lengths = "anchored" if plan.anchored else "rolling", (len(first.train), len(first.test))
    items = [
        f"{walked.planned} {kind} windows; the first trains on {lengths[0]:,} bars and tests on {lengths[1]:,}",
        f"Purge {_gap(plan.purge)} before a test, embargo {_gap(plan.embargo)} after its training",
        f"Each window tried {search.budget:,} sets by {search.method} (seed {search.seed}) for {search.objectives[0]}",
        *(f"Only sets with {constraint}" for constraint in search.constraints),
        f"Searched: {', '.join(str(axis) for axis in search.space.axes)}",
    ]
    if walked.fixed:
        items.append(f"Held: {', '.join(f'{name}={value}' for name, value in walked.fixed.items())}")
    items.append("The search was handed the training bars only")
    items.append("Each test begins and ends flat; its indicators are warm from the training's bars")
    return tuple(items)


def _gap(gap: int | str) -> str:
    return f"{gap} bars" if isinstance(gap, int) or gap.strip().isdigit() else gap
