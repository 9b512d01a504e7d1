"""The main picture of each stage of a validation."""

from __future__ import annotations

import numpy as np

from tradewind.core.performance.cost_stress import CostStress
from tradewind.core.performance.overfitting import Overfitting
from tradewind.core.performance.undefined import Undefined
from tradewind.research.lookahead import Lookahead
from tradewind.research.monte_carlo import MonteCarlo
from tradewind.research.optimised import Optimised
from tradewind.research.regimes import RegimeSplit
from tradewind.research.reports import charts
from tradewind.research.reports.lookahead_page import verdict_text as lookahead_text
from tradewind.research.reports.study import Part, Picture, Section, Table, Text
from tradewind.research.reports.walk_forward_words import verdict_of
from tradewind.research.reports.wording import ABSENT, money, number, percent
from tradewind.research.search_luck import SearchLuck
from tradewind.research.validation import Validation
from tradewind.research.walk_forward_result import WalkForward


def stages(validated: Validation, currency: str) -> list[Section]:
    """A section for each stage, in the order in which they ran."""
    evidence = validated.evidence
    return [
        Section("Search", _searched(evidence.found, evidence.luck), "What the sets brought, and what luck would."),
        Section("Walk-forward", _walked(evidence.walked, currency), "The tests as one account, each flat at its ends."),
        Section("Overfitting", _overfitting(evidence.overfitting), "What was best in one half, ranked in the other."),
        Section("Look-ahead", [Text(_biased(evidence.lookahead))]),
        Section("Redrawn trades", _redrawn(evidence.redrawn, currency), "The tests' trades, drawn again in blocks."),
        Section("Random entry", _entered(evidence.random_entry), "The candidate's trades, entered at random bars."),
        Section("Costs", _costs(evidence.costs), "The tests' trades at multiples of their fees and slippage."),
        Section("Regimes", _regimes(evidence.regimes, currency), "What the tests earned in each kind of market."),
    ]


def _searched(found: Optimised, luck: SearchLuck) -> list[Part]:
    ratios = found.scores.metric("sharpe")
    best = None if found.best is None else float(ratios[found.best])
    levels = {}
    if best is not None and np.isfinite(best):
        levels["chosen"] = best
    if not isinstance(luck.expected, Undefined):
        levels["best by luck"] = luck.expected
    if len(found.sets) == 1:
        return [Text(f"There is one set. Its Sharpe ratio a year: {number(best, 2)}.")]
    words = f"{len(found.sets):,} sets; {luck.trials:,} trials on this stretch of market"
    drawing = charts.histogram("Sharpe ratios of the sets", ratios, across="Sharpe ratio a year", marks=levels)
    return [Picture(drawing, words), *([Text(found.why_none)] if found.best is None else [])]


def _walked(walked: WalkForward | Undefined, currency: str) -> list[Part]:
    if isinstance(walked, Undefined):
        return [Text(f"It could not be walked forward: {walked.reason}")]
    account = walked.joined
    drawing = charts.lines(
        "The account of the joined tests beside buying and holding",
        account.time,
        {"the tests, joined": account.equity, "buy and hold": account.hold},
        time=True,
        up=currency,
    )
    return [Picture(drawing, verdict_of(walked)[0])]


def _overfitting(found: object) -> list[Part]:
    if not isinstance(found, Overfitting):
        return [Text(f"Not told: {found.reason}.")]  # type: ignore[attr-defined]
    drawing = charts.histogram(
        "Where the choice of one half stood in the other",
        found.logits,
        across="logit of its rank",
        marks={"median": 0.0},
        split=0.0,
    )
    below, lost = percent(found.pbo), percent(found.probability_of_loss)
    words = f"PBO {below}: so often the choice fell below the median; {lost} lost"
    emptied = int(np.isneginf(found.sharpe_out).sum())
    if emptied:
        words += f"; in {emptied:,} of {len(found.logits):,} halves it lost everything: there it is below all others"
    return [Picture(drawing, words)]


def _biased(found: Lookahead | Undefined) -> str:
    return f"Not told: {found.reason}" if isinstance(found, Undefined) else lookahead_text(found)


def _redrawn(found: MonteCarlo, currency: str) -> list[Part]:
    if found.equity.shape[1] == 0 or np.isnan(found.equity).all():
        return [Text(f"Not told: {next(iter(found.undefined.values()), 'no path was drawn')}.")]
    low, middle, high = found.equity
    drawing = charts.bands(
        "Accounts of the redrawn trades",
        found.steps,
        low,
        middle,
        high,
        own=found.own[0],
        across=found.unit,
        up=currency,
    )
    told = [f"{name}: {chance}" for name, chance in found.probabilities.items() if chance is not None]
    return [Picture(drawing, f"{found.paths:,} paths. Probability of {'; of '.join(told)}")]


def _entered(found: MonteCarlo | Undefined) -> list[Part]:
    reason = found.reason if isinstance(found, Undefined) else next(iter(found.undefined.values()), "")
    values = None if isinstance(found, Undefined) else found.figures.get("total_return")
    if isinstance(found, Undefined) or values is None:
        return [Text(f"Not told: {reason}.")]
    own = found.actual.get("total_return")
    levels = {} if own is None else {"the candidate": own}
    drawing = charts.histogram("Returns with random entries", values, across="return", marks=levels, written=percent)
    luck = found.probabilities.get("luck")
    return [Picture(drawing, f"{found.paths:,} paths; as good as the candidate or better: {luck}" if luck else reason)]


def _costs(found: CostStress | Undefined) -> list[Part]:
    if isinstance(found, Undefined):
        return [Text(f"Not told: {found.reason}.")]
    names = [f"x {factor:g}" for factor in found.factors]
    drawing = charts.bars(
        "Return at multiples of the costs", names, {"return": found.total_return}, across="costs", written=percent,
        signed=True,
    )  # fmt: skip
    even = found.break_even
    told = f"undefined: {even.reason}" if isinstance(even, Undefined) else f"{number(even, 2)} times the costs"
    return [Picture(drawing, f"Break-even: {told}")]


def _regimes(found: RegimeSplit | Undefined, currency: str) -> list[Part]:
    if isinstance(found, Undefined):
        return [Text(f"Not told: {found.reason}.")]
    rows = [
        (
            each.name,
            f"{each.bars:,}",
            money(each.profit, currency),
            ABSENT if isinstance(each.sharpe, Undefined) else number(each.sharpe, 2),
        )
        for each in (*found.results, found.unknown)
    ]
    drawing = charts.bars(
        "Profit by regime", [each.name for each in found.results], {"profit": [each.profit for each in found.results]},
        up=currency, signed=True,
    )  # fmt: skip
    note = (
        "Trend: over ten days the price came further than 0.6745 times the root of its summed squared returns. High "
        "volatility: their mean is above that of the last hundred days. Both as known when the bar opened."
    )
    return [
        Picture(drawing),
        Table("By regime", ("Regime", "Bars", "Profit", "Sharpe ratio a year"), rows, note=note),
    ]
