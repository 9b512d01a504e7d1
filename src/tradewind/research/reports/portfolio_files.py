"""A portfolio as files: its page and JSON, its trades and its equity bar by bar."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tradewind.core.performance import underwater
from tradewind.research.portfolio_result import Portfolio
from tradewind.research.reports.files import csv_bytes, iso_times, trade_columns
from tradewind.research.reports.study import Study, write_study
from tradewind.research.reports.whole_files import write_files


def write_portfolio(found: Portfolio, study: Study, document: Mapping[str, Any], folder: Path) -> Path:
    """Write trades.csv, equity.csv, report.html and report.json into `folder`; the path of the page.

    Raises BadInput when the folder cannot be written.
    """
    # The report last: a folder with it is a complete run.
    write_files(folder, {"trades.csv": trades_csv(found), "equity.csv": equity_csv(found)})
    return write_study(study, document, folder)


def trades_csv(found: Portfolio) -> bytes:
    """Every trade of every sleeve as a row, sleeve by sleeve; times in ISO 8601 UTC."""
    tables = []
    for name, trades, joined in zip(found.names, found.trades, found.joined, strict=True):
        columns = trade_columns(trades, [m.bars.symbol for m in joined.markets])
        tables.append({"sleeve": [name] * len(trades), **{k: list(v) for k, v in columns.items()}})
    return csv_bytes({name: [v for table in tables for v in table[name]] for name in tables[0]})


def equity_csv(found: Portfolio) -> bytes:
    """Every bar as a row: when it closed, the account, its drawdown (a fraction), buy and hold, reserve and sleeves."""
    return csv_bytes(
        {
            "time": iso_times(found.closes),
            "equity": found.equity,
            "drawdown": underwater(found.equity, found.cash),
            "buy_and_hold": found.hold,
            "reserve": found.reserve,
            **{name: np.ascontiguousarray(row) for name, row in _columns(found)},
        }
    )


def _columns(found: Portfolio) -> list[tuple[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]]:
    """Each sleeve's equity under its name, which a portfolio keeps apart from the other columns."""
    return [(f"sleeve {name}", row) for name, row in zip(found.names, found.sleeve_equity, strict=True)]
