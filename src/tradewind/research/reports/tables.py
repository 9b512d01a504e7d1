"""The report's tables as rows of text, ready to be laid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradewind.core.domain.orders import FillReason
from tradewind.core.performance import METRICS, MonthlyReturns, drawdowns, trade_statistics
from tradewind.core.performance.undefined import Undefined
from tradewind.research.reports.report_input import ReportInput
from tradewind.research.reports.wording import ABSENT, duration, metric, moment, money, number, percent, signed

TRADES_EMBEDDED_MAX = 2000
"""Rows of the trade list in the page; trades.csv has all."""
DRAWDOWNS_SHOWN = 8
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

GROUPS: dict[str, tuple[str, ...]] = {
    "Result": ("initial_equity", "final_equity", "net_profit", "total_return", "buy_and_hold", "cagr", "years"),
    "Risk": (
        *("max_drawdown", "max_drawdown_duration", "volatility", "ulcer_index", "value_at_risk_95"),
        *("expected_shortfall_95", "exposure_time"),
    ),
    "Return for risk": (
        *(
            "sharpe",
            "sortino",
            "calmar",
            "omega",
            "psr",
            "dsr",
            "n_trials",
            "recovery_factor",
            "tail_ratio",
            "skew",
            "kurtosis",
        ),
    ),
    "Trades": (
        *("trades", "win_rate", "profit_factor", "payoff_ratio", "expectancy", "average_trade", "best_trade"),
        *("worst_trade", "average_win", "average_loss", "gross_profit", "gross_loss", "longest_win_streak"),
        *("longest_loss_streak", "average_trade_duration", "sqn", "kelly"),
    ),
    "Costs": ("fees_paid", "slippage_paid", "funding_paid", "turnover"),
    "Long and short": ("long_trades", "long_win_rate", "long_pnl", "short_trades", "short_win_rate", "short_pnl"),
}
"""Every metric once, as the page groups them."""


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A metric as text: its name, its value, what it means, and why it is missing."""

    label: str
    value: str
    meaning: str
    missing: str


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A month's return: its text, `gain`, `loss` or nothing, how strong (0 to 100), and whether a part of a month."""

    text: str
    kind: str
    heat: int
    partial: bool


def figure_groups(report: ReportInput) -> dict[str, list[FigureRow]]:
    """All metrics in groups."""
    values, reasons = report.performance.metrics, report.performance.undefined
    return {
        title: [
            FigureRow(
                METRICS[name].label,
                metric(name, values[name], report.currency),
                METRICS[name].meaning,
                reasons.get(name, ""),
            )
            for name in names
        ]
        for title, names in GROUPS.items()
    }


def heat_map(months: MonthlyReturns) -> list[tuple[int, list[HeatCell], HeatCell]]:
    """A row per year, the latest first: its twelve months and the year. Colour is relative to the strongest month."""
    known = np.abs(months.table[np.isfinite(months.table)])
    strongest = float(known.max()) if len(known) and known.max() > 0 else 1.0
    rows = []
    for i, year in reversed(list(enumerate(months.years))):
        cells = [_cell(float(months.table[i, m]), strongest, bool(months.partial[i, m])) for m in range(12)]
        rows.append((year, cells, _cell(float(months.yearly[i]), strongest, bool(months.partial[i].any()))))
    return rows


def _cell(value: float, strongest: float, partial: bool) -> HeatCell:
    if not np.isfinite(value):
        return HeatCell("", "", 0, partial=False)
    kind = "gain" if value > 0 else "loss" if value < 0 else ""
    heat = round(min(1.0, abs(value) / strongest) ** 0.7 * 100)
    return HeatCell(signed(number(value * 100, 1)), kind, heat, partial)


def drawdown_rows(report: ReportInput) -> list[tuple[str, ...]]:
    """Depth, peak, trough, recovery, length, and time from trough to recovery of the deepest drawdowns."""
    return [
        (
            percent(d.depth),
            moment(d.start),
            moment(d.trough),
            "not yet" if d.end is None else moment(d.end),
            duration(d.duration),
            ABSENT if d.recovery is None else duration(d.recovery),
        )
        for d in drawdowns(report.time, report.equity, report.initial, report.step_ns, DRAWDOWNS_SHOWN)
    ]


def cost_rows(report: ReportInput) -> list[tuple[str, str, str]]:
    """From the profit before costs to the net profit: what, how much, and as share of the winning trades' profit."""
    figures = report.performance.metrics
    gross = figures["gross_profit"] or 0.0
    costs = {name: figures[f"{name}_paid"] or 0.0 for name in ("fees", "slippage", "funding")}
    net = figures["net_profit"] or 0.0

    def row(label: str, amount: float, share: bool = True) -> tuple[str, str, str]:
        portion = percent(-amount / gross) if share and gross > 0 else ABSENT
        return label, signed(money(amount)), portion

    return [
        row("Before costs", net + sum(costs.values()), share=False),
        *(row(name.capitalize(), -amount) for name, amount in costs.items()),
        row("Net profit", net, share=False),
    ]


def side_rows(report: ReportInput) -> list[tuple[str, ...]]:
    """Long, short and all trades beside each other."""
    t, trades, rows = trade_statistics, report.trades, []
    for label, part in (("Long", trades[trades["side"] > 0]), ("Short", trades[trades["side"] < 0]), ("All", trades)):
        shares = (t.win_rate(part), t.trade_return(part, np.mean))
        days = t.average_duration_days(part)
        rows.append(
            (
                label,
                number(len(part), 0),
                signed(money(float(part["pnl"].sum()))),
                *(ABSENT if isinstance(share, Undefined) else percent(share) for share in shares),
                ABSENT if isinstance(days, Undefined) else metric("average_trade_duration", days, ""),
            )
        )
    return rows


def exit_reason(code: int) -> str:
    """`STOP_LOSS` as `stop loss`."""
    return FillReason(code).name.replace("_", " ").lower()


def trade_list(trades: NDArray[Any]) -> list[list[Any]]:
    """The latest trades as rows of numbers, for the page's script: number, symbol, side, times in s, and so on."""
    left_out = max(0, len(trades) - TRADES_EMBEDDED_MAX)
    shown = trades[left_out:]
    columns = [
        (np.arange(len(shown)) + left_out + 1).tolist(),
        shown["symbol"].tolist(),
        shown["side"].tolist(),
        (shown["entry_time"] // 10**9).tolist(),
        (shown["exit_time"] // 10**9).tolist(),
        *(_rounded(shown[name]) for name in ("entry_price", "exit_price", "size")),
        *(_rounded(shown[name], 6) for name in ("pnl", "return", "run_up", "drawdown", "fees", "funding")),
        [int(code) for code in shown["exit_reason"]],
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def _rounded(values: NDArray[np.float64], digits: int = 9) -> list[float]:
    return [float(f"{value:.{digits}g}") for value in values.tolist()]


def key_figures(report: ReportInput) -> list[tuple[str, str, str, str]]:
    """The figures on top: label, value, a line beneath, and `gain`, `loss` or nothing."""
    m, c = report.performance.metrics, report.currency

    def text(name: str) -> str:
        return metric(name, m[name], c)

    def tone(name: str) -> str:
        value = m[name]
        return "" if not value else "gain" if value > 0 else "loss"

    costs = sum(m[name] or 0.0 for name in ("fees_paid", "slippage_paid", "funding_paid"))
    held = percent(float(report.hold[-1]) / report.initial - 1.0)
    return [
        ("Total return", signed(text("total_return")), f"buy and hold {signed(held)}", tone("total_return")),
        (f"Net profit, {c}", signed(money(m["net_profit"])), f"from {money(report.initial, c)}", tone("net_profit")),
        ("Maximum drawdown", text("max_drawdown"), f"longest {text('max_drawdown_duration')}", ""),
        ("Sharpe ratio", text("sharpe"), f"Sortino {text('sortino')}", ""),
        ("Growth a year", signed(text("cagr")), f"volatility {text('volatility')}", tone("cagr")),
        ("Trades", text("trades"), f"{text('win_rate')} won", ""),
        ("Profit factor", text("profit_factor"), f"{text('expectancy')} a trade", ""),
        (f"Costs paid, {c}", money(costs), "fees, slippage and funding", ""),
    ]
