"""Problems told at once the first time, then in bundles: a broken feed must not flood those who listen."""

from __future__ import annotations

from dataclasses import dataclass, field

from tradewind.core.domain.events.payloads import QualityProblem
from tradewind.core.domain.tick_checks import Name, Problem
from tradewind.core.domain.timeframes import SECOND_NS

BUNDLED_NS = 10 * SECOND_NS


@dataclass
class _Bundle:
    """`first_ns` is when the earliest of those that are not told yet came."""

    told_ns: int
    detail: str = ""
    ticks: int = 0
    first_ns: int = 0


@dataclass
class ProblemBundles:
    """Of one symbol. None is dropped: the `ticks` of all that is told add up to all that was found."""

    symbol: str
    bundled_ns: int = BUNDLED_NS
    _bundles: dict[Name, _Bundle] = field(default_factory=dict)

    @property
    def untold(self) -> int:
        """How many problems were found and not told yet."""
        return sum(bundle.ticks for bundle in self._bundles.values())

    def add(self, problem: Problem, now_ns: int) -> list[tuple[int, QualityProblem]]:
        """What is to be told now that this was found, with the time since which it goes on."""
        bundle = self._bundles.get(problem.name)
        if bundle is None:
            self._bundles[problem.name] = _Bundle(now_ns)
            return [(now_ns, QualityProblem(symbol=self.symbol, problem=problem.name, detail=problem.detail))]
        bundle.first_ns = bundle.first_ns if bundle.ticks else now_ns
        bundle.ticks, bundle.detail = bundle.ticks + 1, problem.detail
        return []

    def due(self, now_ns: int) -> list[tuple[int, QualityProblem]]:
        """The bundles whose time has come. Ask at every tick, and when time has passed without one."""
        told = []
        for name in [name for name, bundle in self._bundles.items() if now_ns - bundle.told_ns >= self.bundled_ns]:
            bundle = self._bundles.pop(name)
            if bundle.ticks:
                made = QualityProblem(symbol=self.symbol, problem=name, detail=bundle.detail, ticks=bundle.ticks)
                told.append((bundle.first_ns, made))
                self._bundles[name] = _Bundle(now_ns)
        return told

    def rest(self) -> list[tuple[int, QualityProblem]]:
        """All that is not told yet, whether its time has come or not."""
        untold = [(name, bundle) for name, bundle in self._bundles.items() if bundle.ticks]
        self._bundles.clear()
        return [
            (b.first_ns, QualityProblem(symbol=self.symbol, problem=name, detail=b.detail, ticks=b.ticks))
            for name, b in untold
        ]
