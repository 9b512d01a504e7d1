"""What a validation found: the evidence of every stage, and what it answers to the gate's questions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tradewind.core.domain.data_quality import Severity, check
from tradewind.core.engine.rules import MarketRules
from tradewind.core.performance.cost_stress import CostStress, cost_stress
from tradewind.core.performance.overfitting import Overfitting
from tradewind.core.performance.returns import kurtosis, skewness, spread
from tradewind.core.performance.track_record import minimum_track_record
from tradewind.core.performance.trade_results import TradeResults, slippage_of, trade_results
from tradewind.core.performance.undefined import Figure, Undefined
from tradewind.core.strategy.strategy import Strategy
from tradewind.research.backtest import Backtest, Market
from tradewind.research.gate import Answer, Gate, Judgement, Moot, Verdict, judge
from tradewind.research.lookahead import UNSEEN, Lookahead
from tradewind.research.monte_carlo import MonteCarlo
from tradewind.research.optimised import Optimised
from tradewind.research.regimes import RegimeSplit
from tradewind.research.search_luck import SearchLuck
from tradewind.research.walk_forward_result import WalkForward
from tradewind.research.walk_forward_windows import WindowPlan

BEST_SHARE = 0.02
"""The share of the trades, and at least one, that counts as the best ones."""


@dataclass(frozen=True)
class Evidence:
    """What every stage brought; Undefined where a stage had nothing to work on, with the reason.

    `chosen` is the candidate's run on all of the data, `trades` are those of the walk-forward's tests, `redrawn` the
    same drawn again in blocks, `random_entry` the candidate's trades entered at other bars.
    """

    found: Optimised
    luck: SearchLuck
    overfitting: Overfitting | Undefined | Moot
    chosen: Backtest | Undefined
    walked: WalkForward | Undefined
    lookahead: Lookahead | Undefined
    trades: TradeResults | Undefined
    redrawn: MonteCarlo
    random_entry: MonteCarlo | Undefined
    regimes: RegimeSplit | Undefined
    markets: tuple[Market, ...]

    def entered(self, found: MonteCarlo | Undefined) -> Evidence:
        """The same with the random entries."""
        return replace(self, random_entry=found)

    @property
    def costs(self) -> CostStress | Undefined:
        """The tests' trades at multiples of their costs."""
        return self.trades if isinstance(self.trades, Undefined) else cost_stress(self.trades)


@dataclass(frozen=True)
class Validation:
    """A finished validation. `fixed` are parameters that were held, `answers` what the gate was told."""

    strategy: type[Strategy]
    markets: tuple[Market, ...]
    rules: MarketRules
    plan: WindowPlan
    fixed: Mapping[str, Any]
    seed: int
    evidence: Evidence
    answers: Mapping[str, Answer]
    gate: Gate
    judgement: Judgement

    @property
    def verdict(self) -> Verdict:
        """PROMOTE, REJECT or NOT ENOUGH EVIDENCE."""
        return self.judgement.verdict

    @property
    def candidate(self) -> dict[str, Any] | None:
        """The parameters that were chosen on all of the data; None where none could be."""
        return self.evidence.found.best_parameters

    def _repr_html_(self) -> str:
        """The page, inside a notebook's frame."""
        from tradewind.research.reports.notebook import framed  # noqa: PLC0415 - pages are heavy
        from tradewind.research.reports.validate_page import validate_study  # noqa: PLC0415

        return framed(validate_study(self))

    def __repr__(self) -> str:
        lines = [f"Validation({self.strategy.__name__}: {self.verdict})"]
        for each in self.judgement.checks:
            value = each.why if each.value is None else f"{each.value:.4g}"
            bound = "" if each.bound is None else f"{'>=' if each.question.least else '<='} {each.bound.value:g}"
            lines.append(f"  {each.outcome:<14} {each.question.label:<24} {value:>10} {bound}".rstrip())
        return "\n".join(lines)


def answers_of(evidence: Evidence) -> dict[str, Answer]:
    """The answer to each of the gate's QUESTIONS."""
    found, walked, tests = evidence.found, evidence.walked, evidence.trades
    overfitting, costs, redrawn = evidence.overfitting, evidence.costs, evidence.redrawn
    chances = redrawn.probabilities
    return {
        "data_errors": sum(_errors(market) for market in evidence.markets),
        "lookahead": _findings(evidence.lookahead),
        "sets_failed": len(found.scores.failed) / len(found.sets),
        **_of_walk(walked, tests),
        "dsr": evidence.luck.dsr,
        "pbo": overfitting.pbo if isinstance(overfitting, Overfitting) else overfitting,
        "loss_after_choice": overfitting.probability_of_loss if isinstance(overfitting, Overfitting) else overfitting,
        "random_entry": _luck(evidence.random_entry),
        **{
            name: Undefined(redrawn.undefined.get(key, "no path was drawn")) if chance is None else chance.share
            for name, key in (("bootstrap_profit", "profit"), ("ruin", "ruin"))
            for chance in [chances.get(key)]
        },
        "break_even": costs if isinstance(costs, Undefined) else costs.break_even,
        "regime_share": evidence.regimes if isinstance(evidence.regimes, Undefined) else evidence.regimes.best_share,
    }


def is_settled(evidence: Evidence, gate: Gate) -> bool:
    """Whether the random entries can change the verdict no more, however they come out."""
    answers = answers_of(evidence)
    outcomes: Sequence[Answer] = (0.0, 1.0, Undefined("unknown"))
    return len({judge({**answers, "random_entry": each}, gate).verdict for each in outcomes}) == 1


def tested_trades(walked: WalkForward | Undefined) -> TradeResults | Undefined:
    """The trades of the joined tests with what each did to the account, and what it cost."""
    if isinstance(walked, Undefined):
        return walked
    cash = walked.rules.cash
    capital, slippage = cash, [np.empty(0)]
    for test in (window.test for window in walked.windows):
        if test is None or capital <= 0.0:
            continue
        slippage.append(slippage_of(test.trades, test.run.fills) * (capital / cash))
        capital *= float(test.equity[-1]) / cash
    return trade_results(walked.joined.trades, np.concatenate(slippage), cash)


def _of_walk(walked: WalkForward | Undefined, tests: TradeResults | Undefined) -> dict[str, Answer]:
    names = (
        "windows_tested", "trades", "periods", "profit", "efficiency", "consistency", "without_best", "track_record",
    )  # fmt: skip
    if isinstance(walked, Undefined):
        return dict.fromkeys(names, walked)
    account = walked.joined
    returns = account.returns
    total = account.performance.metrics["total_return"]
    profit: Figure = Undefined("the account has no return") if total is None else float(total)
    return {
        "windows_tested": sum(w.test is not None for w in walked.windows) / len(walked.windows),
        "trades": len(account.trades),
        "periods": 0 if isinstance(returns, Undefined) else len(returns),
        "profit": profit,
        "efficiency": walked.efficiency,
        "consistency": walked.consistency,
        "without_best": _without_best(tests),
        "track_record": _track_record(returns),
    }


def _without_best(tests: TradeResults | Undefined) -> Figure:
    """The return of the tests' trades without the best of them, each at its share of the account."""
    if isinstance(tests, Undefined):
        return tests
    kept = np.sort(tests.value)[: -max(1, math.ceil(BEST_SHARE * len(tests.value)))]
    return float(np.prod(1.0 + kept)) - 1.0


def _track_record(returns: Any) -> Figure:
    """Periods of the tests over the least that tell their Sharpe ratio from zero."""
    if isinstance(returns, Undefined):
        return returns
    skew, excess, deviation = skewness(returns), kurtosis(returns), spread(returns)
    for figure in (skew, excess, deviation):
        if isinstance(figure, Undefined):
            return figure
    assert not isinstance(skew, Undefined)
    assert not isinstance(excess, Undefined)
    assert not isinstance(deviation, Undefined)
    if deviation == 0.0:
        return Undefined("all returns are equal")
    needed = minimum_track_record(float(returns.mean()) / deviation, skew, excess + 3.0)
    return needed if isinstance(needed, Undefined) else len(returns) / needed


def _findings(found: Lookahead | Undefined) -> Answer:
    if isinstance(found, Undefined):
        return found
    if found.verdict == UNSEEN:
        return Undefined("it never asked for an order, so there was nothing to compare")
    return len(found.findings)


def _luck(found: MonteCarlo | Undefined) -> Answer:
    if isinstance(found, Undefined):
        return found
    luck = found.probabilities.get("luck")
    return luck.share if luck is not None else Undefined(next(iter(found.undefined.values()), "no path was drawn"))


def _errors(market: Market) -> int:
    return sum(finding.count for finding in check(market.bars).of(Severity.ERROR))


__all__ = ["Evidence", "Validation", "Verdict", "answers_of", "is_settled", "tested_trades"]
