"""The report as one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from tradewind.core.performance import monthly_returns
from tradewind.research.reports import chart_data, drawing, tables
from tradewind.research.reports.report_input import ReportInput
from tradewind.research.reports.verdict import verdict
from tradewind.research.reports.wording import day, moment, number, paragraphs, price_decimals

QUARTER = 0.25
DATE = re.compile(r"\b\d{4}-\d\d-\d\d(?: \d\d:\d\d)?")
OUTCOMES = {"passed": ("gain", "\N{CHECK MARK} passed"), "failed": ("loss", "\N{BALLOT X} failed")}
LIBRARY = "vendor/lightweight-charts.standalone.production.js"


def render_html(report: ReportInput) -> str:
    """The whole page, under 1 MB whatever the run's length. Every text of the report is escaped."""
    return environment().get_template("backtest.html.j2").render(_contents(report))


def script_json(value: Any) -> Markup:
    """JSON for a script element: nothing in it can end the element or open a comment. Raises ValueError for NaN."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped just above


@cache
def asset(name: str) -> Markup:
    """A style sheet or script of this package, to be inlined."""
    text = resources.files("tradewind.research.reports").joinpath("assets", *name.split("/")).read_text("utf-8")
    if "</script" in text.lower() or "</style" in text.lower():
        raise ValueError(f"{name} cannot be inlined: it holds a closing tag")
    return Markup(text)  # noqa: S704 - our own file, checked just above


@cache
def environment() -> Environment:
    """The templates, with every text escaped."""
    loader = PackageLoader("tradewind.research.reports", "templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters["cell"] = cell
    return made


def cell(text: object) -> Markup:
    """A table's cell, escaped: dates are not broken at their hyphens, and an outcome has a mark and a colour."""
    if text in OUTCOMES:
        return Markup('<span class="outcome {}">{}</span>').format(OUTCOMES[str(text)][0], OUTCOMES[str(text)][1])
    return Markup(DATE.sub(r'<span class="whole">\g<0></span>', str(escape(text))))  # noqa: S704 - escaped just here


def _contents(report: ReportInput) -> dict[str, Any]:
    return {
        **_frame(report),
        **_head(report),
        **_trades(report),
        "equity_caption": _equity_caption(report),
        "months": tables.MONTHS,
        "heat": tables.heat_map(monthly_returns(report.time, report.equity, report.initial, report.step_ns)),
        "sides": tables.side_rows(report),
        "costs": tables.cost_rows(report),
        "drawdowns": tables.drawdown_rows(report),
        "groups": tables.figure_groups(report),
        "annualised": _annualised(report),
        "realism": report.realism,
        "quality": report.quality,
        "description": paragraphs(report.description),
        "parameters": [(name, _value(value)) for name, value in report.parameters.items()],
        "currency": report.currency,
        "command": report.command,
        "hashes": [("Engine", report.engine), *report.hashes.items()],
        "markets_json": script_json(chart_data.market_charts(report)),
        "account_json": script_json(chart_data.account_chart(report)),
    }


def _frame(report: ReportInput) -> dict[str, Any]:
    """What the layout needs."""
    return {
        "title": f"{report.strategy} on {', '.join(report.symbols)}",
        "made_by": report.made_by,
        "created": moment(report.created_ns),
        "css": asset("report.css"),
        "theme_js": asset("theme.js"),
        "library_js": asset(LIBRARY),
        "charts_js": asset("charts.js"),
        "trades_js": asset("trade_table.js"),
    }


def _head(report: ReportInput) -> dict[str, Any]:
    return {
        "strategy": report.strategy,
        "symbols": report.symbols,
        "timeframe": report.timeframe,
        "first_day": day(int(report.time[0])),
        "last_day": day(int(report.time[-1]) + report.step_ns - 1),
        "bars_count": number(sum(len(bars) for bars in report.bars), 0),
        "verdict": verdict(report),
        "synthetic": report.synthetic,
        "warnings": report.warnings,
        "key_figures": tables.key_figures(report),
    }


def _trades(report: ReportInput) -> dict[str, Any]:
    trades, count = report.trades, len(report.trades)
    left_out = max(0, count - tables.TRADES_EMBEDDED_MAX)
    reasons = {int(code): tables.exit_reason(int(code)) for code in set(trades["exit_reason"].tolist())}
    note = f"Profits are in {report.currency}, after fees and funding. Press a heading to sort."
    if left_out:
        note += f" Listed are the latest {number(tables.TRADES_EMBEDDED_MAX, 0)} of {number(count, 0)} trades; "
        note += f"{number(left_out, 0)} earlier ones are left out here, and trades.csv has all."
    if count == 0:
        note = "There were no round trips."
    drawn = min(count, drawing.POINTS_MAX)
    which = "each trade" if drawn == count else f"each of the latest {number(drawn, 0)} trades"
    return {
        "trades_count": count,
        "trades_note": note,
        "trades_json": script_json(
            {
                "symbols": report.symbols,
                "decimals": [price_decimals(float(bars.close[-1])) for bars in report.bars],
                "reasons": reasons,
                "rows": tables.trade_list(trades),
            }
        ),
        "distribution": drawing.distribution(trades["return"]) if count else "",
        "excursions": drawing.excursions(trades) if count else "",
        "excursions_caption": f"How far {which} went against and for its entry price while it was open. Dots won, "
        "crosses lost: dots far to the right came close to losing, crosses high up were once ahead.",
    }


def _annualised(report: ReportInput) -> str:
    note = f"Yearly figures count {report.performance.calendar}; ratios use returns between the ends of those periods "
    note += "and no interest."
    if (report.performance.metrics["years"] or 0.0) < QUARTER:
        note += " The run is shorter than three months: what is said of a year is far from what was seen."
    return note


def _equity_caption(report: ReportInput) -> str:
    caption = (
        f"Solid: the account's equity in {report.currency}. Dashed: the same cash, bought and held without costs. "
    )
    caption += "Beneath: how far equity was below its best."
    if len(report.time) > chart_data.CURVE_POINTS_MAX:
        caption += f" Drawn from the highest and lowest of {number(len(report.time), 0)} bars, so no peak is lost."
    return caption


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
