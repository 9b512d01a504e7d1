"""A portfolio in words: what came of it, what to be careful of, how it was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tradewind.research.portfolio_plan import steps_of
from tradewind.research.portfolio_result import Portfolio
from tradewind.research.reports.wording import money, percent

UNITS = {"d": "day", "w": "week", "M": "month"}
NOTHING = 1e-6
"""A part of the account that is none."""
HELD_BACK = 0.02
"""A part of the account that stays where it should not be, on average, is worth a word from here on."""


def verdict_of(found: Portfolio, figures: Sequence[Mapping[str, Any]]) -> str:
    """One or two sentences: the result, and on whom it hangs."""
    metrics = found.metrics
    total = float(metrics["total_return"] or 0.0)
    text = f"The account {'gained' if total >= 0 else 'lost'} {percent(abs(total))}"
    deepest = metrics["max_drawdown"]
    text += f", at worst {percent(abs(float(deepest)))} below its best." if deepest is not None else "."
    if len(figures) < 2:
        return text
    first = max(figures, key=lambda f: f["profit"] if total >= 0 else -f["profit"])
    did = "earned" if first["profit"] >= 0 else "lost"
    text += f" Most of it was {first['name']}, which {did} {money(abs(first['profit']))}."
    risky = [f for f in figures if f["share_of_risk"] is not None]
    if risky:
        most = max(risky, key=lambda f: f["share_of_risk"])
        text += f" {most['name']} carried {percent(most['share_of_risk'])} of the risk."
    return text


def cautions(found: Portfolio) -> tuple[str, ...]:
    """What to know before believing the figures."""
    said = []
    for name, run, weights in zip(found.names, found.runs, found.weights, strict=True):
        if run.bankrupt:
            said.append(f"{name} was used up, and got nothing any more")
        elif run.liquidations:
            said.append(
                f"{name}: {run.liquidations:,} position{'s were' * (run.liquidations > 1) or ' was'} liquidated"
            )
        for refusal in run.refusals:
            plural = "s were" if refusal.count > 1 else " was"
            poor = " (at times it had no cash)" if refusal.reason == "FUNDS" and bool((weights < NOTHING).any()) else ""
            said.append(f"{name}: {refusal.count:,} order{plural} refused: {refusal.text}{poor}")
        if len(run.decisions) == 0:
            said.append(f"{name} never asked for an order")
        if run.why_interpreted:
            said.append(f"{name} was interpreted, because this does not compile: {run.why_interpreted}")
    settled = [move for move in found.moves if move.equity > 0.0]
    held = float(np.mean([move.missed / move.equity for move in settled])) if settled else 0.0
    if held > HELD_BACK:
        also = "" if found.rebalancing.resize else "; with resize the positions would follow"
        said.append(
            f"At a rebalance {percent(held)} of the account on average should have left a sleeve and was held by its "
            f"positions{also}"
        )
    return (*said, *_plain_shares(found))


def _plain_shares(found: Portfolio) -> list[str]:
    """Who got plain shares instead of the rule's, those together that did so equally often."""
    often: dict[int, list[int]] = {}
    for number in range(len(found.sleeves)):
        times = sum(number in move.plain for move in found.moves)
        if times:
            often.setdefault(times, []).append(number)
    said = []
    for times, numbers in often.items():
        who = "Every sleeve" if len(numbers) == len(found.sleeves) else ", ".join(found.names[n] for n in numbers)
        why = next(move.plain[numbers[0]] for move in reversed(found.moves) if numbers[0] in move.plain)
        said.append(f"{who} got a plain share at {times:,} of {len(found.moves):,} rebalances (at last: {why})")
    return said


def method_items(found: Portfolio) -> tuple[str, ...]:
    """How the account was run, a sentence each."""
    rule, plan = found.allocation, found.rebalancing
    past = f"the last {rule.lookback_days} days of what each sleeve did by itself"
    weights = {
        "equal": "Weights are the sleeves' plain shares.",
        "volatility_target": f"Weights are the plain shares, all by the factor that would have given {past} a "
        f"volatility of {percent(rule.target_volatility)} a year.",
        "risk_parity": f"Weights are those by which every sleeve would have carried the same risk over {past}.",
        "kelly": f"Each weight is {percent(rule.kelly_fraction)} of mean / variance over {past}, and not below zero.",
    }[rule.method]
    if rule.needs_history:
        weights += f" Below {rule.history_min_days} days a sleeve gets its plain share."
    bounds = f"No sleeve gets more than {percent(rule.weight_max)}, all together {percent(rule.invested_max)}."
    follow = "Only cash that no position and no open order holds moves."
    if plan.resize:
        follow = (
            "Positions follow their sleeve's cash: those of a sleeve with too much are reduced at the next open, and "
            "what that frees moves one bar later."
        )
    return (OWN_CASH, weights, bounds, _when(found), follow, NO_PEEKING, BEGIN_AND_END)


def _when(found: Portfolio) -> str:
    plan = found.rebalancing
    count, unit = steps_of(plan.every)
    text = "Cash moves when a sleeve begins or ends"
    if count:
        text += f", every {UNITS[unit] if count == 1 else f'{count} {UNITS[unit]}s'} at 00:00 UTC"
    if plan.drift:
        text += f", and when a sleeve is {percent(plan.drift)} of the account off at 00:00 UTC"
    return f"{text}."


OWN_CASH = (
    "Each sleeve is a run of the engine with cash of its own; what none has is the reserve. Cash leaves one place "
    "before it comes to another, so that it is one account's money at every moment."
)
NO_PEEKING = (
    "A weight uses only returns of days that were over. A sleeve's losses and liquidations are its own: the others' "
    "cash does not stand behind its positions."
)
BEGIN_AND_END = (
    "A sleeve begins when its first bar opens. When its last one has closed, its positions are closed there and its "
    "cash goes to the others."
)
