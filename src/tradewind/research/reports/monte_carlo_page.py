"""What the other courses of a run say, as a page: ranges, chances and how sure they are, the run's place in them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tradewind.core.performance import METRICS, Unit
from tradewind.core.performance.path_figures import PATH_METRICS
from tradewind.research.reports import charts
from tradewind.research.reports.study import Pair, Part, Picture, Section, Study, Table, Text
from tradewind.research.reports.svg import short
from tradewind.research.reports.wording import ABSENT, money, number, percent, signed

if TYPE_CHECKING:
    from tradewind.core.performance.bands import Band
    from tradewind.research.monte_carlo import MonteCarlo

METHODS = {
    "bootstrap": "the run's trades drawn again, one by one, each as often as chance has it",
    "block": "the run's trades drawn again in runs of successive ones, so that good and bad spells stay together",
    "permutation": "the run's trades in another order",
    "skip": "the run's trades in their order, each left out by chance",
    "costs": "the run's trades drawn again, each path at its own multiple of the fees and slippage",
    "random_entry": "as many trades of the same lengths, sides and sizes, entered at random bars of the same market",
    "jitter": "the strategy itself, its parameters moved by chance inside their ranges",
}
"""How the paths of each method are made: "Each is ..."."""
SETTINGS = {
    "trades": "Trades of a path", "block": "Mean length of a block", "skip": "Chance to leave a trade out",
    "costs_max": "Highest multiple of the costs", "jitter": "Share by which a parameter moves at most",
}  # fmt: skip
KEPT = ("method", "paths", "seed", "settings", "terms", "probabilities", "metrics", "actual", "undefined", "failed")
ALONG = ("unit", "steps", "equity", "drawdown", "own")
UPPER = 0.99
LOW = ("max_drawdown", "lowest_equity")
COMPARED = """The run's own figures are reckoned as those of the paths are, so that they can be compared; its
report looks at every bar and may differ."""
SURE = """The last column is right 19 times in 20, by how many paths were made (Wilson). It knows nothing of markets
that the run has not seen."""


def monte_carlo_study(
    found: MonteCarlo,
    *,
    subject: str = "",
    subtitle: str = "",
    currency: str = "",
) -> Study:
    """The page of one simulation. `subject` names the run, `subtitle` its market and time."""
    words = f"{number(found.paths, 0)} paths by {found.method.replace('_', ' ')}, seed {found.seed}"
    return Study(
        title=f"Monte Carlo{' of ' + subject if subject else ''}",
        subtitle=" · ".join(part for part in (subtitle, words) if part),
        verdict=verdict(found),
        key_figures=_key_figures(found),
        sections=tuple(
            s for s in (_account(found), _shapes(found, currency), _figures(found, currency), _how(found)) if s
        ),
    )


def monte_carlo_document(found: MonteCarlo) -> dict[str, Any]:
    """The same in figures, as plain values."""
    ranks = {name: found.rank(name) for name in found.metrics}
    return {"kind": "monte-carlo", **{n: getattr(found, n) for n in (*KEPT, *ALONG)}, "ranks": ranks}


def verdict(found: MonteCarlo) -> str:
    """What happened to most of the accounts, in a sentence."""
    chance, back = found.probabilities.get("profit"), found.metrics.get("total_return")
    if chance is None and back is None:
        reasons = list(dict.fromkeys(found.undefined.values()))
        return f"Nothing can be said of other courses: {'; '.join(reasons[:2])}."
    said = []
    paths = f"{number(found.paths, 0)} other courses"
    luck = found.probabilities.get("luck")
    if luck is not None:
        said.append(f"{percent(luck.share)} of {paths} did as well as the run or better.")
    elif chance is not None:
        said.append(f"{percent(chance.share)} of {paths} ended with a profit.")
    if back is not None:
        middle, low = signed(percent(back.p50)), signed(percent(back.p5))
        said.append(f"Half of them returned {middle} or more, one in twenty {low} or less.")
    fall = found.metrics.get("max_drawdown")
    if fall is not None:
        said.append(f"One in twenty fell {percent(-fall.p5)} or more below its best.")
    return " ".join((*said, f"Each is {METHODS[found.method]}."))


def _chances(found: MonteCarlo) -> dict[str, str]:
    """The probabilities that there may be, in words."""
    return {
        "profit": "Ends with a profit",
        "ruin": f"Falls to {short(percent(found.terms.ruin))} of its start",
        "drawdown": f"Falls more than {short(percent(found.terms.drawdown))} below its best",
        "luck": "Does as well as the run, or better",
    }


def _key_figures(found: MonteCarlo) -> list[tuple[str, str, str, str]]:
    cards = []
    for name, words in _chances(found).items():
        if name in found.probabilities:
            p = found.probabilities[name]
            sure = f"{percent(p.low)} to {percent(p.high)}" if p else found.undefined.get(name, "")
            cards.append((words, percent(p.share) if p else ABSENT, sure, ""))
    for name, label in (("total_return", "Median return"), ("max_drawdown", "Median deepest fall")):
        b = found.metrics.get(name)
        write = percent if name in LOW else lambda value: signed(percent(value))
        cards.append(
            (label, write(b.p50) if b else ABSENT, _range(b, write) if b else found.undefined.get(name, ""), "")
        )
    # The cards lie in rows of four, of two on a phone: an odd one would leave a hole.
    return cards[:4]


def _range(b: Band, write: Any) -> str:
    return f"5 % to 95 %: {write(b.p5)} to {write(b.p95)}"


def _account(found: MonteCarlo) -> Section | None:
    if not np.isfinite(found.equity).any():
        return None
    own = found.own if np.isfinite(found.own).any() else (None, None)
    across = "Trades" if found.unit == "trades" else "Bars"
    ruin = {"ruin": found.terms.ruin * found.terms.initial} if found.probabilities.get("ruin") else {}
    low, middle, high = found.equity
    equity = charts.bands(
        "The account along the way: the range of nine paths in ten, the middle one, and the run's own",
        found.steps, low, middle, high, own=own[0], across=across, up="Account", written=_amount, levels=ruin,
    )  # fmt: skip
    deep, mid, shallow = found.drawdown
    below = charts.bands(
        "How far the account is below its best along the way",
        found.steps, deep, mid, shallow, own=own[1], across=across, up="Below its best", written=percent,
    )  # fmt: skip
    pair = Pair((Picture(equity, "The account."), Picture(below, "Its fall below its best so far.")))
    note = "At each place along the way, nine paths in ten are inside the band; no single path need run along its edge."
    return Section("The account along the way", (pair,), note)


def _shapes(found: MonteCarlo, currency: str) -> Section | None:
    pictures = []
    for name, split in (("total_return", 0.0), ("max_drawdown", None), ("sharpe", 0.0), ("longest_loss_streak", None)):
        values, b = found.figures.get(name), found.metrics.get(name)
        if values is None or b is None:
            continue
        own = found.actual.get(name)
        marks = {"5 %": b.p5, "median": b.p50, "95 %": b.p95} | ({"this run": own} if own is not None else {})
        title, label = f"{_label(name)} of the paths", _label(name)
        write = partial(_written, name, currency, found)
        upto = _shown_upto(values, max(marks.values())) if name == "total_return" else np.inf
        drawing = charts.histogram(
            title, values, marks=marks, across=label, up="Paths", split=split, written=write, upto=upto
        )
        pictures.append(Picture(drawing, _place(found, name)))
    return Section("What the paths came to", (Pair(tuple(pictures)),)) if pictures else None


def _shown_upto(values: np.ndarray[Any, Any], marked: float) -> float:
    """Compounded returns have a long tail upwards: where the luckiest percent takes most of the picture, it is cut."""
    known = values[np.isfinite(values)]
    high = max(float(np.quantile(known, UPPER)), marked)
    return high if float(known.max()) - float(known.min()) > 2.0 * (high - float(known.min())) else np.inf


def _place(found: MonteCarlo, name: str) -> str:
    rank = found.rank(name)
    return "" if rank is None else f"{_label(name)}: the run itself is above {percent(rank)} of the paths, or level."


def _figures(found: MonteCarlo, currency: str) -> Section:
    rows = []
    for name, b in found.metrics.items():
        own, rank = found.actual.get(name), found.rank(name)
        values = (b.p5, b.p50, b.p95) if b else (None, None, None)
        shown = [ABSENT if v is None else _written(name, currency, found, v) for v in (*values, own)]
        rows.append((_label(name), *shown, ABSENT if rank is None else percent(rank)))
    chances = [
        (
            words,
            percent(p.share) if p else ABSENT,
            f"{percent(p.low)} to {percent(p.high)}" if p else found.undefined[name],
        )
        for name, words in _chances(found).items()
        if name in found.probabilities
        for p in [found.probabilities[name]]
    ]
    parts: list[Part] = [
        Table(
            "Percentiles of the figures over the paths",
            ("Figure", "5 %", "Median", "95 %", "This run", "Paths at or below it"),
            rows,
            note=COMPARED,
        ),
        Table(
            "Probabilities",
            ("Probability", "Share of the paths", "The true share lies in"),
            chances,
            title="Chances",
            words=(2,),
            note=SURE,
        ),
    ]
    if found.undefined:
        by_reason: dict[str, list[str]] = {}
        for name, reason in found.undefined.items():
            by_reason.setdefault(reason, []).append(_label(name))
        items = tuple(f"{', '.join(names)}: {reason}" for reason, names in by_reason.items())
        parts.append(Text("What cannot be told, and why:", items))
    return Section("Figures", parts)


def _how(found: MonteCarlo) -> Section:
    rows = [("Method", f"{found.method.replace('_', ' ')}: {METHODS[found.method]}")]
    rows += [("Paths", number(found.paths, 0)), ("Seed", str(found.seed))]
    rows += [(SETTINGS.get(name, name), f"{value:g}") for name, value in found.settings.items()]
    stakes = "grow with the account" if found.terms.compounded else "stay as they were, in money"
    rows.append(("Stakes", stakes if found.method not in ("random_entry", "jitter") else "as the engine has them"))
    rows += [("Could not be run", f"{count:,} paths: {reason}") for reason, count in found.failed.items()]
    return Section("How the paths were made", (Table("How the paths were made", ("", ""), rows, (1,)),))


def _written(name: str, currency: str, found: MonteCarlo, value: float) -> str:
    """A figure in its unit. The mean trade is a share of the account, or money where stakes do not grow with it."""
    if name == "average_trade":
        return percent(value) if found.terms.compounded else money(value, currency)
    match _unit(name):
        case Unit.FRACTION:
            return percent(value)
        case Unit.COUNT:
            return number(value, 0)
        case Unit.QUOTE:
            return money(value, currency)
        case _:
            return charts.plain(value)


def _unit(name: str) -> Unit:
    return PATH_METRICS[name][0].unit if name in PATH_METRICS else METRICS[name].unit


def _label(name: str) -> str:
    chances = {
        "profit": "the chance of a profit",
        "ruin": "the chance of ruin",
        "drawdown": "the chance of a deep fall",
    }
    return chances.get(name) or (PATH_METRICS[name][0] if name in PATH_METRICS else METRICS[name]).label


def _amount(value: float) -> str:
    return number(value, 0) if abs(value) >= 100 else charts.plain(value)
