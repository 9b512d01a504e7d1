"""A report as files: report.html to look at, report.json, trades.csv and equity.csv to go on with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tradewind.core.performance import drawdowns, monthly_returns, underwater
from tradewind.research.reports.page import render_html
from tradewind.research.reports.report_input import ReportInput
from tradewind.research.reports.tables import exit_reason
from tradewind.research.reports.verdict import verdict
from tradewind.research.reports.whole_files import json_bytes, plain_values, write_files

DRAWDOWNS_WRITTEN = 100
ISO = "%Y-%m-%dT%H:%M:%S%.fZ"


@dataclass(frozen=True, slots=True)
class ReportPaths:
    """Where the files of a report lie."""

    html: Path
    json: Path
    trades: Path
    equity: Path


def write_report(report: ReportInput, folder: Path) -> ReportPaths:
    """Write the four files into `folder`, which is made when it is missing. Each file is replaced as a whole.

    Raises BadInput when the folder cannot be written.
    """
    paths = ReportPaths(*(folder / name for name in ("report.html", "report.json", "trades.csv", "equity.csv")))
    contents = {
        paths.trades: trades_csv(report),
        paths.equity: equity_csv(report),
        paths.json: json_bytes(report_json(report)),
        paths.html: render_html(report).encode(),
    }
    write_files(folder, {path.name: content for path, content in contents.items()})
    return paths


def report_json(report: ReportInput) -> dict[str, Any]:
    """Everything the page says in figures, as plain values. Times are ns UTC; what is not known is null."""
    months = monthly_returns(report.time, report.equity, report.initial, report.step_ns)
    deepest = drawdowns(report.time, report.equity, report.initial, report.step_ns, DRAWDOWNS_WRITTEN)
    return {
        "kind": "backtest",
        "strategy": report.strategy,
        "description": report.description,
        "parameters": {name: plain_values(value) for name, value in report.parameters.items()},
        "symbols": list(report.symbols),
        "timeframe": report.timeframe,
        "currency": report.currency,
        "start_ns": int(report.time[0]),
        "end_ns": int(report.time[-1]) + report.step_ns,
        "synthetic": report.synthetic,
        "verdict": verdict(report),
        "metrics": report.performance.metrics,
        "undefined": report.performance.undefined,
        "periods_per_year": report.performance.periods_per_year,
        "calendar": report.performance.calendar,
        "monthly_returns": {
            str(year): [plain_values(value) for value in months.table[i].tolist()]
            for i, year in enumerate(months.years)
        },
        "yearly_returns": {
            str(year): plain_values(value) for year, value in zip(months.years, months.yearly.tolist(), strict=True)
        },
        "drawdowns": [asdict(drawdown) for drawdown in deepest],
        "realism": [asdict(item) for item in report.realism],
        "quality": list(report.quality),
        "warnings": list(report.warnings),
        "hashes": dict(report.hashes),
        "engine": report.engine,
        "command": report.command,
        "made_by": report.made_by,
        "created_ns": report.created_ns,
    }


def trades_csv(report: ReportInput) -> bytes:
    """Every trade as a row; times in ISO 8601 UTC."""
    return csv_bytes({"number": np.arange(1, len(report.trades) + 1), **trade_columns(report.trades, report.symbols)})


def trade_columns(trades: NDArray[Any], names: Sequence[str]) -> dict[str, Any]:
    """The columns of a table of trades (TRADE); `names` are those of the symbols by their number."""
    symbols = np.array(names, dtype=object)
    reasons = [exit_reason(int(code)) for code in trades["exit_reason"]]
    return {
        "symbol": pl.Series([str(name) for name in symbols[trades["symbol"]]], dtype=pl.String),
        "side": pl.Series(["long" if side > 0 else "short" for side in trades["side"]], dtype=pl.String),
        "entry_time": iso_times(trades["entry_time"]),
        "exit_time": iso_times(trades["exit_time"]),
        **{
            name: np.ascontiguousarray(trades[name])
            for name in (
                *("entry_order", "exit_order", "entry_price", "exit_price", "size", "pnl", "return", "fees"),
                *("funding", "run_up", "drawdown"),
            )
        },
        "exit_reason": pl.Series(reasons, dtype=pl.String),
    }


def equity_csv(report: ReportInput) -> bytes:
    """Every bar as a row: when it closed, equity, drawdown (a fraction), buy and hold."""
    return csv_bytes(
        {
            "time": iso_times(report.time + report.step_ns),
            "equity": report.equity,
            "drawdown": underwater(report.equity, report.initial),
            "buy_and_hold": report.hold,
        }
    )


def iso_times(time_ns: NDArray[np.int64]) -> pl.Series:
    """Times (int64 ns UTC) as ISO 8601."""
    return pl.Series(np.ascontiguousarray(time_ns)).cast(pl.Datetime("ns")).dt.strftime(ISO)


def csv_bytes(columns: Mapping[str, Any]) -> bytes:
    """Columns of one length as a CSV file."""
    target = BytesIO()
    pl.DataFrame(columns).write_csv(target)
    return target.getvalue()
