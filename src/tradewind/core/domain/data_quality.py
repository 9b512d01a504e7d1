"""What is wrong with market data: how often, where, how bad, and what a backtest does about it.

The rules stand in tables (`quality_rules`). They read raw columns too, unsorted and dirty, so that an import can refuse
before anything is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from tradewind.core.domain.market_data import Bars, Funding, Kind, MarkPrices, Times, Values
from tradewind.core.domain.quality_rules import PRICE_RULES, RATE_RULES, RULES, Rule
from tradewind.core.domain.raw_columns import Columns

PLACES_MAX = 5


class Severity(StrEnum):
    """How bad a finding is: an error is refused at import unless it is repaired on request."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Place:
    """One row that a rule found: its position in the columns (from 0), its time (ns UTC) and what is there."""

    row: int
    time_ns: int
    what: str


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: `count` rows (or runs of rows) of it, and the first places."""

    name: str
    severity: Severity
    count: int
    meaning: str
    effect: str
    repair: str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class QualityReport:
    """Every finding over some rows, worst first."""

    rows: int
    findings: tuple[Finding, ...]

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity is severity)

    def finding(self, name: str) -> Finding | None:
        """The finding of a rule, None where the rule found nothing."""
        return next((finding for finding in self.findings if finding.name == name), None)

    def counts(self) -> dict[str, int]:
        """How often each rule found something."""
        return {finding.name: finding.count for finding in self.findings}


def check(bars: Bars) -> QualityReport:
    """Every finding in candles. O(rows log rows) time, a few columns of memory."""
    return check_columns(Kind.CANDLES, bars.time, {name: getattr(bars, name) for name in bars.COLUMNS}, bars.step_ns)


def check_series(series: Bars | Funding | MarkPrices) -> QualityReport:
    """Every finding in a series of any kind."""
    step = series.step_ns if isinstance(series, Bars) else None
    return check_columns(series.KIND, series.time, {name: getattr(series, name) for name in series.COLUMNS}, step)


def check_columns(kind: Kind, time: Times, values: Mapping[str, Values], step_ns: int | None = None) -> QualityReport:
    """The same over raw columns, in whatever order and state. Without `step_ns` the most frequent step is taken."""
    columns = Columns(time, dict(values), step_ns)
    rules: Sequence[Rule] = {Kind.CANDLES: RULES, Kind.FUNDING: RATE_RULES, Kind.MARK: PRICE_RULES}[kind]
    with np.errstate(all="ignore"):
        found = [_finding(rule, columns) for rule in rules]
    order = list(Severity)
    findings = sorted((finding for finding in found if finding is not None), key=lambda f: order.index(f.severity))
    return QualityReport(len(time), tuple(findings))


def _finding(rule: Rule, columns: Columns) -> Finding | None:
    rows = rule.find(columns)
    if not len(rows):
        return None
    places = tuple(Place(int(r), int(columns.time[r]), rule.describe(columns, int(r))) for r in rows[:PLACES_MAX])
    return Finding(rule.name, Severity(rule.severity), len(rows), rule.meaning, rule.effect, rule.repair, places)
