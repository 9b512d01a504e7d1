"""The page of a walk-forward."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tradewind.core.performance.undefined import Figure, Undefined
from tradewind.research.reports import charts
from tradewind.research.reports.study import Pair, Part, Picture, Section, Study, Table, Text
from tradewind.research.reports.walk_forward_words import cautions, method_items, reasons, verdict_of
from tradewind.research.reports.wording import ABSENT, day, metric, number, percent, signed
from tradewind.research.walk_forward_result import WalkForward

JOINED = (
    ("total_return", "Return"), ("buy_and_hold", "Buy and hold"), ("cagr", "A year"), ("sharpe", "Sharpe ratio"),
    ("sortino", "Sortino ratio"), ("volatility", "Volatility a year"), ("max_drawdown", "Deepest drawdown"),
    ("trades", "Trades"), ("win_rate", "Won"), ("profit_factor", "Profit factor"), ("exposure_time", "In the market"),
    ("fees_paid", "Fees"),
)  # fmt: skip
COMPONENTS = (
    ("evidence", "Evidence", "2 PSR \N{MINUS SIGN} 1 of the joined tests, at least 0"),
    ("consistency", "Consistency", "windows with a profit out of sample"),
    ("efficiency", "Efficiency", "growth out of sample over growth in sample, cut to 0 to 1"),
    ("stability", "Stability", "how alike the windows' choices were"),
)
BORDERS_MAX, DRAWN_MAX, LISTED_MAX = 24, 40, 100
"""So many windows have their borders in the picture of the account, bars of their own, and rows in the tables."""


def walk_forward_study(
    walked: WalkForward,
    *,
    currency: str = "",
) -> Study:
    """The page: verdict, key figures, the joined account, the windows beside each other, what they chose, the score."""
    verdict, good = verdict_of(walked)
    bars = walked.markets[0].bars
    symbols = ", ".join(m.bars.symbol for m in walked.markets)
    time = walked.joined.time
    return Study(
        title=f"{walked.strategy.__name__}, walked forward",
        subtitle=f"{symbols} · {bars.timeframe} · tested {day(int(time[0]))} to {day(int(time[-1]))}",
        verdict=verdict,
        good=good,
        key_figures=_key_figures(walked),
        warnings=cautions(walked),
        sections=(
            Section("Out of sample", _account(walked, currency), "The tests as one account, each flat at its ends."),
            Section("In sample and out of sample", _windows(walked), "What the choice promised, and what came of it."),
            Section("What was chosen", _choices(walked)),
            Section("Robustness", _score(walked)),
            Section("How this was done", [Text("", method_items(walked))]),
        ),
    )


def _key_figures(walked: WalkForward) -> list[tuple[str, str, str, str]]:
    metrics, score = walked.joined.performance.metrics, walked.robustness
    total = float(metrics["total_return"] or 0.0)
    done = f"{len(walked.windows)} windows"
    return [
        ("Robustness", written(score.score, lambda v: number(v, 0)), "of 100", ""),
        ("Out of sample", signed(percent(total)), "return of the joined tests", "gain" if total > 0 else "loss"),
        ("Sharpe ratio", metric("sharpe", metrics["sharpe"], ""), "out of sample", ""),
        ("Deepest drawdown", percent(metrics["max_drawdown"]), "out of sample", ""),
        ("Efficiency", written(walked.efficiency, percent), "of the growth in sample was left", ""),
        ("Degradation", written(walked.degradation, lambda v: number(v, 2)), "Sharpe lost from train to test", ""),
        ("Consistency", written(walked.consistency, percent), f"of {done} made a profit", ""),
        ("Stability", written(walked.stability.overall, percent), "of the chosen parameters", ""),
    ]


def _account(walked: WalkForward, currency: str) -> list[Part]:
    account = walked.joined
    borders = {}
    if 1 < len(account.starts) <= BORDERS_MAX:
        borders = {str(i): float(start) for i, start in enumerate(account.starts[1:], 2)}
    drawing = charts.lines(
        "The account of the joined tests beside buying and holding",
        account.time,
        {"the tests, joined": account.equity, "buy and hold": account.hold},
        time=True,
        up=currency,
        at=borders,
    )
    metrics, undefined = account.performance.metrics, account.performance.undefined
    rows = [(label, metric(name, metrics[name], currency)) for name, label in JOINED]
    why = "; ".join(f"{label}: {undefined[name]}" for name, label in JOINED if name in undefined)
    return [
        Picture(drawing, "A window begins at each upright line, with its number." if borders else ""),
        Table("Figures of the joined tests", ("Figure", "Out of sample"), rows, note=why),
    ]


def _windows(walked: WalkForward) -> list[Part]:
    rows = [
        (
            str(r.window.number),
            str(r.window.train),
            str(r.window.test),
            written(r.growth_in_sample, percent),
            written(r.growth_out_of_sample, percent),
            written(r.efficiency, percent),
            metric("sharpe", r.in_sample.get("sharpe"), ""),
            metric("sharpe", r.out_of_sample.get("sharpe"), ""),
            metric("max_drawdown", r.out_of_sample.get("max_drawdown"), ""),
            metric("trades", r.out_of_sample.get("trades"), ""),
        )
        for r in walked.windows[:LISTED_MAX]
    ]
    head = (
        "Window", "Train", "Test", "Growth in", "Growth out", "Efficiency", "Sharpe in", "Sharpe out", "Drawdown out",
        "Trades out",
    )  # fmt: skip
    return [
        _beside_each_other(walked),
        Table("Windows", head, rows, words=(1, 2), note="; ".join((*reasons(walked), *_rest(walked)))),
        Text("Growth is continuous, ln(final / initial) a year, so that windows of any length add up.", quiet=True),
    ]


def _beside_each_other(walked: WalkForward) -> Part:
    """Growth and Sharpe ratio in and out of sample: bars for each window, or points where there are many."""
    pairs = {
        "Growth a year": (
            [_number(r.growth_in_sample) for r in walked.windows],
            [_number(r.growth_out_of_sample) for r in walked.windows],
            percent,
        ),
        "Sharpe ratio": (
            [_known(r.in_sample.get("sharpe")) for r in walked.windows],
            [_known(r.out_of_sample.get("sharpe")) for r in walked.windows],
            charts.plain,
        ),
    }
    names = [str(result.window.number) for result in walked.windows]
    pictures = []
    for title, (inside, outside, how) in pairs.items():
        if len(names) <= DRAWN_MAX:
            groups = {"in sample": inside, "out of sample": outside}
            drawing = charts.bars(f"{title} by window", names, groups, across="window", written=how)
        else:
            drawing = charts.scatter(
                f"{title}, a point for each window", inside, outside, diagonal=True, across="in sample",
                up="out of sample", written=how, x_written=how,
            )  # fmt: skip
        pictures.append(Picture(drawing, title=title))
    return Pair(tuple(pictures))


def _rest(walked: WalkForward) -> tuple[str, ...]:
    more = len(walked.windows) - LISTED_MAX
    return (f"{more:,} more windows are in report.json",) if more > 0 else ()


def _value(value: float) -> str:
    """A parameter's value: switches in words."""
    return ("no", "yes")[value] if isinstance(value, bool) else charts.plain(float(value))


def _choices(walked: WalkForward) -> list[Part]:
    turned = [name for name, (low, high) in walked.searched.items() if high > low]
    rows = []
    for r in walked.windows[:LISTED_MAX]:
        values = [ABSENT if r.parameters is None else _value(r.parameters[name]) for name in turned]
        rows.append((str(r.window.number), *values, f"{r.tried:,}"))
    same = walked.stability
    rows.append(("Stability", *(percent(same.parameters.get(name)) for name in turned), ""))
    parts: list[Part] = [
        Table("Chosen in each window", ("Window", *turned, "Sets tried"), rows, note="".join(_rest(walked)))
    ]
    if isinstance(same.overall, Undefined):
        parts.append(Text(f"Stability is undefined: {same.overall.reason}.", quiet=True))
    elif len(walked.windows) > 1:
        chosen = [(r.window.number, r.parameters) for r in walked.windows if r.parameters is not None]
        places = {
            name: [(float(values[name]) - low) / (high - low) for _, values in chosen]
            for name, (low, high) in walked.searched.items()
            if high > low
        }
        drawing = charts.lines(
            "Chosen values by window, from the least (0 %) to the greatest (100 %) that was tried",
            np.array([float(n) for n, _ in chosen]),
            {name: np.array(values) for name, values in places.items()},
            across="window",
            written=percent,
        )
        parts.insert(0, Picture(drawing, "Where in the searched range each choice lies: level lines are stable."))
    return parts


def _score(walked: WalkForward) -> list[Part]:
    score = walked.robustness
    rows, unknown = [], []
    for name, label, meaning in COMPONENTS:
        figure = getattr(score, name)
        rows.append((label, written(figure, lambda v: number(v, 2)), meaning))
        if isinstance(figure, Undefined):
            unknown.append(f"{label.lower()}: {figure.reason}")
    rows.append(("Score", written(score.score, lambda v: number(v, 0)), "100 x evidence x mean of the other three"))
    return [
        Table("The score and its parts", ("Part", "Value", "What it is"), rows, words=(2,), note="; ".join(unknown))
    ]


def written(figure: Figure, how: Callable[[float], str]) -> str:
    """A figure as text; a dash where it is undefined."""
    return ABSENT if isinstance(figure, Undefined) else how(figure)


def _number(figure: Figure) -> float:
    return float("nan") if isinstance(figure, Undefined) else figure


def _known(value: float | int | None) -> float:
    return float("nan") if value is None else float(value)
