"""The page of a portfolio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tradewind.core.performance.undefined import Undefined
from tradewind.research.portfolio_account import SETTLE, Moved
from tradewind.research.portfolio_result import Portfolio
from tradewind.research.reports import charts
from tradewind.research.reports.portfolio_document import sleeve_figures
from tradewind.research.reports.portfolio_words import cautions, method_items, verdict_of
from tradewind.research.reports.study import Pair, Part, Picture, Section, Study, Table, Text
from tradewind.research.reports.wording import ABSENT, day, metric, moment, money, number, percent, signed

ACCOUNT = (
    ("total_return", "Return"), ("buy_and_hold", "Buy and hold"), ("cagr", "A year"), ("sharpe", "Sharpe ratio"),
    ("sortino", "Sortino ratio"), ("calmar", "Calmar ratio"), ("volatility", "Volatility a year"),
    ("max_drawdown", "Deepest drawdown"), ("max_drawdown_duration", "Longest drawdown"), ("trades", "Trades"),
    ("win_rate", "Won"), ("profit_factor", "Profit factor"), ("exposure_time", "In the market"),
    ("turnover", "Turnover"), ("fees_paid", "Fees"), ("funding_paid", "Funding"), ("slippage_paid", "Slippage"),
)  # fmt: skip
ADDED = ("Sleeve", "Profit", "Of the return", "Mean weight", "Risk", "Share of risk", "Marginal risk", "Fees")
ALONE = ("Sleeve", "Strategy", "Markets", "Return", "Sharpe", "Volatility", "Trades", "Won")
MOVES_MAX = 24
"""So many rebalances are listed, the last ones; report.json has all."""
CENT = 0.005
WANTED_MAX, LARGEST = 8, 3
"""Of more sleeves only the largest are named in the list of rebalances."""
MAP_MAX = 24
"""Above so many sleeves the correlations are a map without numbers."""


def portfolio_study(
    found: Portfolio,
    *,
    currency: str = "",
) -> Study:
    """The page: the account, its sleeves and what each added, weights over time, correlations, rebalances."""
    figures = [sleeve_figures(found, number) for number in range(len(found.sleeves))]
    timeframes = sorted({f["timeframe"] for f in figures})
    return Study(
        title=f"Portfolio of {len(figures)} sleeve{'s' * (len(figures) > 1)}",
        subtitle=f"{', '.join(dict.fromkeys(s for f in figures for s in f['symbols']))} · {', '.join(timeframes)} · "
        f"{day(int(found.time[0]))} to {day(int(found.time[-1]))}",
        verdict=verdict_of(found, figures),
        key_figures=_key_figures(found),
        warnings=cautions(found),
        sections=(
            Section("The account", _account(found, currency)),
            Section("The sleeves", _sleeves(found, figures, currency), "What each added: the parts sum to the whole."),
            Section("Who had how much", _weights(found)),
            Section("How alike they are", _alike(found)),
            Section("Rebalances", _rebalances(found, currency)),
            Section("How this was done", [Text("", method_items(found))]),
        ),
    )


def _key_figures(found: Portfolio) -> list[tuple[str, str, str, str]]:
    m = found.metrics
    total = float(m["total_return"] or 0.0)
    figure = found.contributions.diversification
    spread = None if isinstance(figure, Undefined) else figure
    return [
        (
            "Return",
            signed(percent(total)),
            f"buy and hold {percent(m['buy_and_hold'])}",
            "gain" if total > 0 else "loss",
        ),
        ("A year", percent(m["cagr"]), found.performance.calendar, ""),
        ("Sharpe ratio", metric("sharpe", m["sharpe"], ""), "of daily returns", ""),
        ("Volatility", percent(m["volatility"]), "a year", ""),
        ("Deepest drawdown", percent(m["max_drawdown"]), "", ""),
        ("Trades", metric("trades", m["trades"], ""), f"{percent(m['win_rate'])} won", ""),
        ("Diversification", number(spread, 2), "the parts' volatility over that of the whole", ""),
    ]


def _account(found: Portfolio, currency: str) -> list[Part]:
    drawing = charts.lines(
        "The account beside the same cash held in all its markets",
        found.closes,
        {"the account": found.equity, "buy and hold": found.hold},
        time=True,
        up=currency,
    )
    undefined = found.performance.undefined
    rows = [(label, metric(name, found.metrics[name], currency)) for name, label in ACCOUNT]
    why = "; ".join(f"{label}: {undefined[name]}" for name, label in ACCOUNT if name in undefined)
    return [Picture(drawing), Table("Figures of the account", ("Figure", "Value"), rows, note=why)]


def _sleeves(found: Portfolio, figures: Sequence[Mapping[str, Any]], currency: str) -> list[Part]:
    names = list(found.names)
    profit = charts.lines(
        "What each sleeve has earned", found.closes, dict(zip(names, found.profit, strict=True)), time=True, up=currency
    )
    worth = charts.lines(
        "What each sleeve had", found.closes, dict(zip(names, found.sleeve_equity, strict=True)), time=True, up=currency
    )
    parts = found.contributions
    added = [
        (
            f["name"], signed(money(f["profit"])), signed(percent(f["of_return"])), percent(f["weight_mean"]),
            percent(f["of_risk"]), percent(f["share_of_risk"]), percent(f["marginal_risk"]), money(f["fees"]),
        )
        for f in figures
    ]  # fmt: skip
    whole = parts.volatility
    note, risk, shares = "", ABSENT, ABSENT
    if isinstance(whole, Undefined):
        note = f"Risk is undefined: {whole.reason}."
    else:
        risk, shares = percent(whole), percent(float(parts.share_of_risk.sum()))
    added.append(
        (
            "The account", signed(money(float(parts.profit.sum()))), signed(percent(float(parts.of_return.sum()))),
            percent(float(found.weights.sum(axis=0).mean())), risk, shares, "",
            money(sum(f["fees"] for f in figures)),
        )
    )  # fmt: skip
    alone = [
        (
            f["name"], f["strategy"], f"{', '.join(f['symbols'])} {f['timeframe']}", percent(f["own_return"]),
            number(f["own_sharpe"], 2), percent(f["own_volatility"]), f"{f['trades']:,}", percent(f["win_rate"]),
        )
        for f in figures
    ]  # fmt: skip
    bars = charts.bars(
        "What each sleeve added to return and risk",
        names,
        {
            "of the profit" if parts.profit.sum() > 0 else "of the loss": _shares(parts.profit),
            "of the risk": parts.share_of_risk,
        },
        written=percent,
    )
    return [
        Picture(profit, title="Profit"),
        Pair((Picture(worth, title="Equity"), Picture(bars, title="Shares of the whole"))),
        Table("What each sleeve added to the account", ADDED, added, note=note, title="What each added"),
        Text(
            "Risk is the part of the account's volatility a year that a sleeve carries, below zero where it hedges the "
            "others; marginal risk is what one more unit of its weight adds.",
            quiet=True,
        ),
        Table("What each sleeve did with its own capital", ALONE, alone, words=(1, 2), title="On its own capital"),
    ]


def _shares(profit: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    whole = float(profit.sum())
    return profit / whole if abs(whole) > 0.0 else np.full(len(profit), np.nan)


def _weights(found: Portfolio) -> list[Part]:
    ends = found.calendar.period_ends
    whole = found.equity[ends]
    reserve = np.where(whole > 0.0, found.reserve[ends] / np.where(whole > 0.0, whole, 1.0), 0.0)
    series = {**dict(zip(found.names, found.weights, strict=True)), "reserve": reserve}
    drawing = charts.areas("Parts of the account over time", found.closes[ends], series, time=True, written=percent)
    return [Picture(drawing, "The reserve is cash that no sleeve has.")]


def _alike(found: Portfolio) -> list[Part]:
    if len(found.sleeves) < 2:
        return [Text("There is one sleeve only.", quiet=True)]
    names, table = list(found.names), found.correlation
    shown = [name if len(name) <= 28 else f"{name[:27]}…" for name in names]
    drawing = charts.heatmap(
        "Correlation of the sleeves' own daily returns",
        shown,
        shown[::-1],
        table[::-1],
        written=lambda value: number(value, 2),
    )
    parts: list[Part] = [
        Picture(drawing, "Hatched where two sleeves have too few days in common, or one did not move.")
    ]
    if len(names) <= MAP_MAX:
        rows = [(name, *(number(float(v), 2) for v in line)) for name, line in zip(names, table, strict=True)]
        parts.append(Table("Correlations", ("", *names), rows))
    return parts


def _rebalances(found: Portfolio, currency: str) -> list[Part]:
    # What moved a bar later, when positions had been reduced, belongs to the rebalance that reduced them.
    groups: list[list[Moved]] = []
    for move in found.moves:
        if move.reason == SETTLE and groups:
            groups[-1].append(move)
        else:
            groups.append([move])
    head = ("When (UTC)", "Why", "Wanted (%)", "Cash moved", "Held back")
    rows = [
        (
            moment(group[0].time),
            group[0].reason,
            _wanted(group[0].wanted, found.names),
            money(sum(_moved(move.cash) for move in group), currency),
            money(group[-1].missed, currency) if group[-1].missed > CENT else ABSENT,
        )
        for group in groups[-MOVES_MAX:]
    ]
    left = len(groups) - len(rows)
    note = f"The first {left:,} are in report.json." if left else ""
    return [Table("Rebalances", head, rows, words=(1, 2), note=note)]


def _wanted(weights: np.ndarray[Any, Any], names: Sequence[str]) -> str:
    """Every sleeve's part in their order; of many sleeves the largest by name."""
    if len(names) <= WANTED_MAX:
        return " · ".join(number(100.0 * float(w), 1) for w in weights)
    largest = np.argsort(-weights, kind="stable")[:LARGEST]
    return " · ".join(f"{names[i]} {number(100.0 * float(weights[i]), 1)}" for i in largest) + " …"


def _moved(cash: np.ndarray[Any, Any]) -> float:
    """What was paid in or taken out, whichever is more."""
    return max(float(cash[cash > 0.0].sum()), float(-cash[cash < 0.0].sum()))
