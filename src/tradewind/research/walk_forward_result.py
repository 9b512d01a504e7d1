"""What a walk-forward found: its windows, their tests as one account, and the figures that judge it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tradewind.core.engine.rules import MarketRules
from tradewind.core.performance.undefined import Figure, Undefined
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import Backtest, Market
from tradewind.research.search_plan import SearchPlan
from tradewind.research.walk_forward_figures import Robustness, Stability, efficiency, robustness, stability
from tradewind.research.walk_forward_joined import Joined, joined
from tradewind.research.walk_forward_windows import Slice, Window, WindowPlan, timeline


@dataclass(frozen=True)
class WindowResult:
    """One window: what the search chose, what that earned in training, and what in the test.

    `parameters` is None where nothing could be chosen and `test` where nothing could be run; `reason` says why.
    `in_sample` are the figures of SCORES, None where undefined. Growth is continuous, a year.
    """

    window: Window
    parameters: Mapping[str, Any] | None
    reason: str | None
    tried: int
    failed: int
    in_sample: Mapping[str, float | None]
    test: Backtest | None
    growth_in_sample: Figure
    growth_out_of_sample: Figure
    efficiency: Figure

    @property
    def out_of_sample(self) -> Mapping[str, float | int | None]:
        """The figures of the test by the names of METRICS; none where nothing was run."""
        return {} if self.test is None else self.test.metrics


@dataclass(frozen=True)
class WalkForward:
    """A finished walk. `windows` are those that were done, of `planned` in all, oldest first."""

    strategy: type[Strategy]
    markets: tuple[Market, ...]
    rules: MarketRules
    plan: WindowPlan
    search: SearchPlan
    fixed: Mapping[str, Any]
    """Parameters that the search does not turn."""
    windows: tuple[WindowResult, ...]
    planned: int

    @property
    def interrupted(self) -> bool:
        """Whether it was stopped before the last window."""
        return len(self.windows) < self.planned

    @property
    def tried(self) -> int:
        """Parameter sets run in all windows."""
        return sum(w.tried for w in self.windows)

    @cached_property
    def joined(self) -> Joined:
        """The tests as one account."""
        time = timeline(self.markets)
        tests = [(time[w.window.test.first : w.window.test.after], w.test) for w in self.windows]
        return joined(tests, self.markets, self.rules.cash)

    @cached_property
    def efficiency(self) -> Figure:
        """That of all windows together: their growth and their volatility, each weighted by its time."""
        found = [w for w in self.windows if w.test is not None]
        if not found:
            return Undefined("no window came to a test")
        out = weighted([(w.growth_out_of_sample, w.window.test) for w in found])
        inside = weighted([(w.growth_in_sample, w.window.train) for w in found])
        swings = weighted([(figure_of(w.in_sample, "volatility"), w.window.train) for w in found])
        return efficiency(out, inside, swings)

    @cached_property
    def degradation(self) -> Figure:
        """Mean over the windows of the Sharpe ratio in sample less that out of sample: what choosing flattered."""
        pairs = [(w.in_sample.get("sharpe"), w.out_of_sample.get("sharpe")) for w in self.windows]
        falls = [before - after for before, after in pairs if before is not None and after is not None]
        return sum(falls) / len(falls) if falls else Undefined("no window has both Sharpe ratios")

    @cached_property
    def consistency(self) -> Figure:
        """Share of the windows with a profit out of sample; one without a test has none."""
        if not self.windows:
            return Undefined("no window was finished")
        return sum(float(w.out_of_sample.get("total_return") or 0.0) > 0.0 for w in self.windows) / len(self.windows)

    @cached_property
    def stability(self) -> Stability:
        """How alike the windows' choices were."""
        return stability([w.parameters for w in self.windows if w.parameters is not None], self.searched)

    @property
    def searched(self) -> dict[str, tuple[float, float]]:
        """The least and the greatest value of each parameter that the search turns."""
        return {
            axis.name: (float(axis.values[0]), float(axis.values[-1])) if axis.values else (axis.low, axis.high)
            for axis in self.search.space.axes
        }

    @cached_property
    def robustness(self) -> Robustness:
        """The score, with its components."""
        return robustness(self.joined.returns, self.consistency, self.efficiency, self.stability.overall)

    def _repr_html_(self) -> str:
        """The page, inside a notebook's frame."""
        from tradewind.research.reports.notebook import framed  # noqa: PLC0415 - pages are heavy
        from tradewind.research.reports.walk_forward_page import walk_forward_study  # noqa: PLC0415

        return framed(walk_forward_study(self))

    def __repr__(self) -> str:
        score = self.robustness.score
        text = score.reason if isinstance(score, Undefined) else f"{score:.0f} of 100"
        return (
            f"WalkForward({self.strategy.__name__}, {len(self.windows)} of {self.planned} windows, robustness {text})"
        )


def figure_of(figures: Mapping[str, float | None], name: str) -> Figure:
    """A figure of the training by its name, or that it has none."""
    value = figures.get(name)
    return Undefined(f"the training has no {name}") if value is None else float(value)


def weighted(figures: Sequence[tuple[Figure, Slice]]) -> Figure:
    """Their mean, weighted by time; undefined where one of them is."""
    total = weight = 0.0
    for figure, part in figures:
        if isinstance(figure, Undefined):
            return figure
        length = float(part.end_ns - part.start_ns)
        total, weight = total + figure * length, weight + length
    return total / weight
