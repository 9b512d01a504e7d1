"""The page of a search over parameters: what was best, how little that may mean, and everything that was tried."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tradewind.core.performance.undefined import Figure, Undefined
from tradewind.research.judged_sets import reasons_of
from tradewind.research.optimised import Optimised
from tradewind.research.reports.optimise_document import sets_csv
from tradewind.research.reports.optimise_pictures import all_sets, fall, fronts, maps
from tradewind.research.reports.study import Part, Section, Study, Table, Text, write_study
from tradewind.research.reports.whole_files import write_files
from tradewind.research.reports.wording import day, in_a_sentence, label_of, metric, number, percent
from tradewind.research.search_plan import METHODS

BESIDE = (
    ("total_return", "Return"), ("max_drawdown", "Deepest drawdown"), ("trades", "Trades"), ("sharpe", "Sharpe ratio"),
)  # fmt: skip
ROWS_MAX = 20
REASONS_MAX = 12
SHOWN = ("sharpe", "total_return", "max_drawdown", "trades", "win_rate", "profit_factor")
LUCK_WANTED = 0.95
PLATEAU_WANTED = 0.5


def write_search(found: Optimised, study: Study, document: Mapping[str, Any], folder: Path) -> Path:
    """Write report.html, report.json and sets.csv (every set with its figures) into `folder`; the page's path."""
    write_files(folder, {"sets.csv": sets_csv(found)})
    return write_study(study, document, folder)


def search_study(found: Optimised) -> Study:
    """The page's matter."""
    on = found.stretch
    plateau = _plateau(found)
    sections = [
        Section("The best sets" if found.judged.ranked.size else "No set may win", _best(found)),
        Section("Is it luck?", [_luck_text(found)]),
        *([Section("Plateau or peak", plateau)] if plateau else []),
        *([Section("Parameters against each other", drawn)] if (drawn := maps(found)) else []),
        Section("All sets", all_sets(found)),
        *([Section("What could not win", out)] if (out := _out(found)) else []),
        Section("How it was searched", [_how(found)]),
    ]
    return Study(
        title=f"{found.strategy}, optimised",
        subtitle=f"{', '.join(on.symbols)} · {on.timeframe} · {day(on.start_ns)} to {day(on.end_ns)}",
        verdict=verdict(found),
        good=None,
        key_figures=_key_figures(found),
        warnings=cautions(found),
        sections=sections,
    )


def chosen_text(found: Optimised, number_of: int) -> str:
    """`fast 10, slow 50`: the values of a set."""
    return ", ".join(f"{name} {_value(found.sets[number_of][name])}" for name in found.plan.space.names)


def verdict(found: Optimised) -> str:
    """One sentence: what was best, and what so many tries leave of it."""
    tried = f"{len(found.sets):,} set{'s were' if len(found.sets) != 1 else ' was'} tried"
    if found.best is None:
        return f"{tried}; {found.why_none}."
    figures, first = found.scores.of(found.best), found.plan.objectives[0].metric
    said = (
        f"Of {len(found.sets):,} set{'s' if len(found.sets) != 1 else ''} the best is {chosen_text(found, found.best)}"
    )
    said += f", with {in_a_sentence(first)} {metric(first, figures[first], '')}"
    dsr = found.luck.dsr
    if isinstance(dsr, Undefined):
        return f"{said}; whether that is more than luck cannot be told: {dsr.reason}."
    trials = f"{found.luck.trials:,} trial{'s' if found.luck.trials != 1 else ''}"
    if dsr >= LUCK_WANTED:
        return f"{said}; after {trials} the probability that this is more than luck is {percent(dsr)}."
    return f"{said}; after {trials} that may well be luck: the probability that it is more is {percent(dsr)}."


def cautions(found: Optimised) -> list[str]:
    """What to know before the best set is believed: the end of the space is near, the search ended early."""
    said = []
    if found.best is not None:
        best = found.sets[found.best]
        ends = {axis.name: (axis.values[0], axis.values[-1]) for axis in found.plan.space.axes if len(axis.values) > 2}
        at = ", ".join(f"{name} {_value(best[name])}" for name, both in ends.items() if best[name] in both)
        if at:
            said.append(f"The best set stands at the edge of the space ({at}): a better one may lie beyond")
    if len(found.sets) < found.plan.budget:
        tried = f"{len(found.sets):,} of {found.plan.budget:,} sets"
        said.append(f"The search came to rest: after {tried} it led to none that was new")
    if found.scores.why_interpreted:
        said.append(f"The runs were interpreted: {found.scores.why_interpreted}")
    return said


def _key_figures(found: Optimised) -> list[tuple[str, str, str, str]]:
    luck, out = found.luck, f"{len(found.judged.out):,} may not win"
    if found.best is None:
        none = ("Best", "none", "no set may win", "")
        several = ("Not beaten", f"{len(found.judged.ranked):,}", "sets, each at another balance", "")
        return [
            several if found.judged.ranked.size else none,
            ("Sets tried", f"{len(found.sets):,}", out, ""),
            ("Trials", f"{luck.trials:,}", "on this stretch of market", ""),
            ("Best by luck alone", _ratio(luck.expected), "Sharpe of so many worthless trials", ""),
        ]
    of, first, around = found.scores.of(found.best), found.plan.objectives[0].metric, found.sensitivity
    kept: Figure = around if isinstance(around, Undefined) else around.kept
    beside = [(label, metric(name, of[name], ""), "of the best set", "") for name, label in BESIDE if name != first]
    return [
        ("Best", metric(first, of[first], ""), label_of(first), ""),
        *beside[:3],
        ("Sets tried", f"{len(found.sets):,}", out, ""),
        (
            "More than luck",
            _figure(luck.dsr),
            f"deflated Sharpe, {luck.trials:,} trials",
            _colour(luck.dsr, LUCK_WANTED),
        ),
        ("Best by luck alone", _ratio(luck.expected), f"Sharpe of {luck.trials:,} worthless trials", ""),
        ("Kept near it", _figure(kept), "of its lead: 100 % plateau, 0 % peak", _colour(kept, PLATEAU_WANTED)),
    ]


def _best(found: Optimised) -> list[Part]:
    names, shown = found.plan.space.names, _columns(found)
    rows = [
        [str(place), *(_value(found.sets[i][name]) for name in names), *(metric(n, of[n], "") for n in shown)]
        for place, i in enumerate(found.judged.ranked[:ROWS_MAX].tolist(), 1)
        for of in (found.scores.of(i),)
    ]
    if not rows:
        return [Text(f"{found.why_none[0].upper()}{found.why_none[1:]}.")]
    several = len(found.plan.objectives) > 1
    of = f"{len(rows):,} of {len(found.judged.ranked):,}" if len(found.judged.ranked) > len(rows) else "all"
    note = f"Sets that none beats in every objective, {of}." if several else f"By {found.plan.objectives[0]}, {of}."
    table = Table("The best sets", ("", *names, *map(label_of, shown)), rows, note=f"{note} Every set is in sets.csv.")
    return [table, *(fronts(found) if several else [])]


def _columns(found: Optimised) -> list[str]:
    wanted = [o.metric for o in found.plan.objectives] + [c.metric for c in found.plan.constraints] + list(SHOWN)
    return list(dict.fromkeys(wanted))


def _luck_text(found: Optimised) -> Text:
    luck = found.luck
    whose = (
        "all that the trial ledger has counted on this stretch of market, these sets among them"
        if luck.counted
        else "the sets of this search; earlier looks at the same market are not known"
    )
    items = [f"Trials: {luck.trials:,}, {whose}."]
    if isinstance(luck.expected, Undefined):
        items.append(f"What luck alone would show cannot be told: {luck.expected.reason}.")
    else:
        items.append(
            f"The best of so many worthless trials shows a Sharpe ratio of {_ratio(luck.expected)} on average."
        )
    if isinstance(luck.dsr, Undefined):
        items.append(f"The deflated Sharpe ratio is undefined: {luck.dsr.reason}.")
    else:
        items.append(f"Probability that the best set's true Sharpe ratio is above that: {percent(luck.dsr)}.")
    said = "The best of many sets looks good even where none is worth anything. This is what is left of it."
    return Text(said, tuple(items))


def _plateau(found: Optimised) -> list[Part]:
    around = found.sensitivity
    if found.best is None:
        return []
    if isinstance(around, Undefined):
        return [Text(f"Nothing can be said: {around.reason}.")]
    first = found.plan.objectives[0].metric
    if isinstance(around.kept, Undefined):
        said = f"Whether the best set stands on a plateau cannot be told: {around.kept.reason}."
    else:
        said = (
            f"The {around.near:,} sets beside the best keep {percent(around.kept)} of its lead over the typical set. "
            "A result that hangs on the exact values is seldom there again."
        )
    items = []
    if around.scoreless:
        items.append(f"{around.scoreless:,} of them have no score and count as worst.")
    if around.centre is not None:
        same, value = around.centre == found.best, found.scores.of(around.centre)[first]
        score = f"{in_a_sentence(first)} {metric(first, value, '')}"
        which = "that set itself" if same else f"{chosen_text(found, around.centre)} ({score})"
        items.append(
            f"The middle of the best plateau is {which}: the sets around it have the highest median."
            f"{'' if same else ' It is the sounder choice.'}"
        )
    drawing = fall(around)
    return [Text(said, tuple(items)), *([drawing] if drawing else [])]


def _out(found: Optimised) -> list[Part]:
    reasons = reasons_of(found.judged.out)
    rows = [
        [reason, f"{len(numbers):,}", chosen_text(found, numbers[0])]
        for reason, numbers in list(reasons.items())[:REASONS_MAX]
    ]
    more = f"And {len(reasons) - REASONS_MAX:,} more reasons." if len(reasons) > REASONS_MAX else ""
    return [Table("Why sets may not win", ("Why", "Sets", "The first"), rows, words=(2,), note=more)] if rows else []


def _how(found: Optimised) -> Text:
    plan = found.plan
    count = plan.space.count
    held = {name: value for name, value in found.sets[0].items() if name not in plan.space.names}
    return Text(
        "",
        (
            f"Method: {plan.method}, {METHODS[plan.method].meaning}; seed {plan.seed}.",
            f"Space: {'; '.join(map(str, plan.space.axes))} ({'no end' if count is None else f'{count:,} sets'}).",
            f"Held: {', '.join(f'{name} {_value(value)}' for name, value in held.items()) or 'nothing'}.",
            f"Objective: {', '.join(map(str, plan.objectives))}.",
            f"Limits: {', '.join(map(str, plan.constraints)) or 'none'}.",
            f"Tried: {len(found.sets):,}, of which {len(found.scores.failed):,} failed.",
        ),
    )


def _figure(value: Figure) -> str:
    return percent(None if isinstance(value, Undefined) else value)


def _ratio(value: Figure) -> str:
    return number(None if isinstance(value, Undefined) else value, 2)


def _colour(value: Figure, wanted: float) -> str:
    return "" if isinstance(value, Undefined) else "gain" if value >= wanted else "loss"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
