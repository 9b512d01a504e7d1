"""One sentence on what happened, in plain words: no praise, no blame, no promise."""

from __future__ import annotations

from tradewind.core.domain.timeframes import UNITS_NS
from tradewind.research.reports.report_input import ReportInput
from tradewind.research.reports.wording import duration, money, number, percent

FLAT = 0.00005
"""A return that would be written as zero."""


def verdict(report: ReportInput) -> str:
    """What the account did, what holding would have done, how deep it fell, and what it cost."""
    figures = report.performance.metrics
    total, deepest = figures["total_return"] or 0.0, figures["max_drawdown"] or 0.0
    days = (int(report.time[-1]) + report.step_ns - int(report.time[0])) / UNITS_NS["d"]
    length = _length(days)
    held = float(report.hold[-1]) / report.initial - 1.0
    what = report.symbols[0] if len(report.symbols) == 1 else "its markets"
    if len(report.fills) == 0:
        return f"The strategy never traded in {length}; {what} {_moved(held)} in that time."
    trades = int(figures["trades"] or 0)
    costs = sum(figures[name] or 0.0 for name in ("fees_paid", "slippage_paid", "funding_paid"))
    sentence = f"The account {_moved(total)} in {length} over {number(trades, 0)} trade{'' if trades == 1 else 's'}"
    sentence += f", where holding {what} would have {_moved(held)}"
    if deepest < -FLAT:
        sentence += f"; at worst it was {percent(-deepest)} below its best"
    verb = "took" if costs >= 0 else "gave"
    return f"{sentence}, and trading costs {verb} {money(abs(costs), report.currency)}."


def _length(days: float) -> str:
    if days >= 730:
        return f"{days / 365:.1f} years"
    return f"{days:.0f} days" if days >= 2 else duration(days * UNITS_NS["d"])


def _moved(share: float) -> str:
    if abs(share) < FLAT:
        return "stayed where it was"
    return f"{'gained' if share > 0 else 'lost'} {percent(abs(share))}"
