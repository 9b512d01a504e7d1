"""The report of a backtest, wherever it was made: from the command line, in a notebook, in a program."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tradewind.core.domain.data_sets import content_hash
from tradewind.core.performance import underwater
from tradewind.research.code_hash import code_hash
from tradewind.research.realism import realism_of
from tradewind.research.reports import charts, tables
from tradewind.research.reports.report_input import ReportInput
from tradewind.research.reports.study import Picture, Section, Study
from tradewind.research.reports.verdict import verdict
from tradewind.research.reports.wording import day, number, percent
from tradewind.research.run_words import currency_of, engine_text, warnings_of

if TYPE_CHECKING:
    from tradewind.research.backtest import Backtest


def report_of(
    result: Backtest,
    *,
    command: str,
    created_ns: int,
    made_by: str,
    hashes: Mapping[str, str] | None = None,
    synthetic: bool = False,
    quality: tuple[str, ...] = (),
    warnings: tuple[str, ...] | None = None,
) -> ReportInput:
    """What a report of this run is made of. `hashes` and `warnings` None: those that the run itself knows."""
    # Bars that only warmed it up are no part of the run.
    bars = tuple(market.bars.slice(result.rules.trade_from_ns or None) for market in result.markets)
    return ReportInput(
        strategy=result.strategy.__name__,
        description=(result.strategy.__doc__ or "").strip(),
        parameters=result.parameters,
        bars=bars,
        timeframe=bars[0].timeframe,
        currency=currency_of(bars[0].symbol),
        initial=result.rules.cash,
        time=result.time,
        equity=result.equity,
        hold=result.hold,
        trades=result.trades,
        fills=result.run.fills,
        funding=result.run.fundings,
        performance=result.performance,
        realism=realism_of(result),
        command=command,
        engine=engine_text(result),
        created_ns=created_ns,
        made_by=made_by,
        synthetic=synthetic,
        row_time=result.row_time,
        hashes=hashes_of(result) if hashes is None else hashes,
        quality=quality,
        warnings=warnings_of(result) if warnings is None else warnings,
    )


def hashes_of(result: Backtest) -> dict[str, str]:
    """What fixes a run: its data, the strategy's code, its decisions."""
    digest = hashlib.sha256()
    for market in result.markets:
        for series in (market.bars, market.funding, market.marks):
            digest.update(b"none" if series is None else content_hash(series.columns()).encode())
    return {"data": digest.hexdigest(), "code": code_hash(result.strategy), "decisions": result.run.decision_hash}


def python_line(result: Backtest) -> str:
    """How the run is made again in Python."""
    given = "".join(f", {name}={value!r}" for name, value in result.parameters.items())
    return f"backtest({result.strategy.__name__}, bars{given})"


def backtest_study(report: ReportInput) -> Study:
    """The run at a glance, for a notebook: key figures, the account, its drawdown."""
    stretch = f"{day(int(report.time[0]))} to {day(int(report.time[-1]) + report.step_ns - 1)}"
    bars = f"{number(sum(len(bars) for bars in report.bars), 0)} bars"
    equity = charts.lines(
        "The account beside buying and holding",
        report.time + report.step_ns,
        {"account": report.equity, "buy and hold": report.hold},
        time=True,
        up=f"Account, {report.currency}",
        written=lambda value: number(value, 0) if abs(value) >= 100 else charts.plain(value),
    )
    below = underwater(report.equity, report.initial)
    fall = charts.bands(
        "How far the account is below its best",
        report.time + report.step_ns,
        below,
        below,
        np.zeros(len(below)),
        names=("below its best", "drawdown", ""),
        time=True,
        up="Drawdown",
        written=percent,
    )
    return Study(
        title=f"{report.strategy} on {', '.join(report.symbols)}",
        subtitle=f"{report.timeframe} · {stretch} · {bars}",
        verdict=verdict(report),
        key_figures=tables.key_figures(report),
        warnings=report.warnings,
        sections=(Section("Equity and drawdown", (Picture(equity), Picture(fall))),),
        made_by=report.made_by,
        synthetic=report.synthetic,
    )
