"""What the charts draw: columns of numbers, few enough to embed, rounded to what the eye can see."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.performance import underwater
from tradewind.research.reports.decimate import Candles, bucket, join_candles, telling_rows
from tradewind.research.reports.report_input import ReportInput
from tradewind.research.reports.wording import price_decimals

CANDLES_MAX = 3000
"""Candles of all symbols together."""
CURVE_POINTS_MAX = 2400
TRADES_DRAWN_MAX = 1000
"""Trades of all symbols together whose entries and exits are drawn, the latest of each symbol."""
SECOND_NS = 1_000_000_000

LONG_IN, SHORT_IN, WIN_OUT, LOSS_OUT = range(4)
"""Kinds of marks."""


def market_charts(report: ReportInput) -> list[dict[str, Any]]:
    """One entry per symbol: candles as columns (times in s UTC) and marks as (time, kind) pairs."""
    most = max(50, CANDLES_MAX // len(report.bars))
    return [_market(report, number, most) for number in range(len(report.bars))]


def account_chart(report: ReportInput) -> dict[str, Any]:
    """Equity, buy-and-hold and drawdown (in percent) at the rows that keep every peak and trough."""
    below = underwater(report.equity, report.initial)
    rows = telling_rows([report.equity, below], CURVE_POINTS_MAX)
    digits = 2 if report.initial >= 100 else 8
    closes = report.time[rows] + report.step_ns
    return {
        "t": (closes // SECOND_NS).tolist(),
        "equity": np.round(report.equity[rows], digits).tolist(),
        "hold": np.round(report.hold[rows], digits).tolist(),
        "below": np.round(below[rows] * 100, 3).tolist(),
        "points": len(rows),
        "bars": len(report.time),
        "digits": digits,
    }


def _market(report: ReportInput, number: int, most: int) -> dict[str, Any]:
    bars = report.bars[number]
    candles = join_candles(bars, most)
    decimals = price_decimals(float(bars.close[-1]))
    marks, left_out = _marks(report, number, candles)
    prices = {
        name: np.round(getattr(candles, column), decimals).tolist()
        for name, column in (("o", "open"), ("h", "high"), ("l", "low"), ("c", "close"))
    }
    return {
        "symbol": bars.symbol,
        "decimals": decimals,
        "timeframe": candles.timeframe,
        "joined": candles.step_ns != bars.step_ns,
        "bars": len(bars),
        "t": (candles.time // SECOND_NS).tolist(),
        **prices,
        "marks": marks,
        "marks_left_out": left_out,
    }


def _marks(report: ReportInput, number: int, candles: Candles) -> tuple[list[tuple[int, int]], int]:
    """Entries and exits by candle, each kind once a candle; and how many trades are not drawn."""
    mine = report.trades[report.trades["symbol"] == number]
    shown = mine[-max(20, TRADES_DRAWN_MAX // len(report.bars)) :]
    entered, left = _opens(report, shown, "entry"), _opens(report, shown, "exit")
    kinds = np.concatenate(
        [np.where(shown["side"] > 0, LONG_IN, SHORT_IN), np.where(shown["pnl"] > 0, WIN_OUT, LOSS_OUT)]
    )
    times = np.concatenate([entered, left])
    step = report.bars[number].step_ns
    if candles.step_ns != step:
        times = bucket(times, candles.step_ns)
    marks = sorted(set(zip((times // SECOND_NS).tolist(), kinds.tolist(), strict=True)))
    return marks, len(mine) - len(shown)


def _opens(report: ReportInput, trades: NDArray[Any], end: str) -> NDArray[np.int64]:
    """Open time of the bar in which each trade began (`entry`) or ended (`exit`)."""
    row_time = report.row_time
    if row_time is None:
        if len(report.bars) > 1:  # the rows are unknown: the bar that was open just before the fill's time
            times: NDArray[np.int64] = trades[f"{end}_time"]
            return times - times % report.step_ns
        row_time = report.bars[0].time
    rows = np.clip(trades[f"{end}_bar"], 0, len(row_time) - 1)
    return np.asarray(row_time[rows], dtype=np.int64)
