"""A divergence in words: where session and backtest part, what had gone otherwise before, what to assume instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tradewind.core.domain.orders import FillReason, OrderKind
from tradewind.core.engine.rules import MarketRules
from tradewind.research.divergence import Divergence
from tradewind.research.pairing import CAUSE_WORDS, Cause, Pair, Side, Trade
from tradewind.research.reports.wording import moment

TRADES_MIN = 20
"""Orders that both sides must have traded before their prices say what to assume."""
LEAST = 1e-6
"""Slippage below this share of the price is none."""
ACTIONS = {1: "", 2: "cancel", 3: "protect"}
FLAGS = (((1, 1), "reduce-only"), ((2, 2), "post-only"), ((12, 4), "IOC"), ((12, 8), "FOK"), ((12, 12), "GTD"))
"""Bits of a decision's flags: which to look at, and what they say."""


@dataclass(frozen=True)
class Compared:
    """What was compared, and what came of it. `answers` counts the venue's answers by their state."""

    session: str
    strategy: str
    symbols: Sequence[str]
    timeframe: str
    parameters: Mapping[str, Any]
    rules: MarketRules
    here: Side
    there: Side
    result: Divergence
    hash_here: str
    hash_there: str
    code_hash: str
    answers: Mapping[str, int]
    unknown: int


def verdict_of(c: Compared) -> str:
    """What came of it in a sentence or two: where they part, and what had gone otherwise before."""
    r = c.result
    if not r.pairs:
        return "Neither side has asked for anything"
    if r.identical and c.hash_here == c.hash_there:
        return f"Every decision is the backtest's: {r.same:,} of them, bit for bit"
    if r.identical:
        return f"All {r.same:,} decisions ask for the same; only their times or numbers differ"
    assert r.first is not None
    share = f"{r.same:,} of {len(r.pairs):,} decisions are the same"
    return f"{share}. They part at {moment(time_of(c, r.first))}: {parting(c, r.first)}. {because(c)}"


def because(c: Compared) -> str:
    """Why they part, as far as the record shows."""
    r = c.result
    assert r.first is not None
    if r.why is not None and r.why.cause is not None:
        words = f", because {r.why.words}" if r.why.words and r.why.cause is not Cause.PRICE else ""
        return f"Before that, at {moment(r.why.time)}, {what_traded(c, r.why)} was {CAUSE_WORDS[r.why.cause]}{words}"
    if r.first.between:
        return "It was taken on a fill, a tick or a timer between two bars, which a backtest hears of at the close"
    return "Nothing had traded otherwise before: an answer of the venue came later than a backtest's would"


def time_of(c: Compared, pair: Pair) -> int:
    """When the decision was taken."""
    side, row = (c.here, pair.here) if pair.here is not None else (c.there, pair.there)
    return int(side.decisions["time"][row])


def parting(c: Compared, pair: Pair) -> str:
    """What each side does there."""
    here, there = (
        None if row is None else decision_words(c, side.decisions[row])
        for side, row in ((c.here, pair.here), (c.there, pair.there))
    )
    if here is None:
        return f"the backtest asks to {there}, the session for nothing"
    if there is None:
        return f"the session asks to {here}, the backtest for nothing"
    if "time" in pair.differs and len(pair.differs) == 1:
        return f"both ask to {here}, a bar apart"
    return f"the session asks to {here}, the backtest to {there}"


def decision_words(c: Compared, d: Any) -> str:
    """A decision in words: `buy 0.3 BTC/USDT limit 100.5`."""
    action = ACTIONS.get(int(d["action"]), "")
    if action == "cancel":
        return f"cancel order {int(d['order'])}" if d["order"] else "cancel all orders"
    symbol = c.symbols[int(d["symbol"])]
    prices = [
        f"{name.replace('_', ' ')} {float(d[name]):g}"
        for name in ("limit", "stop", "stop_loss", "take_profit", "trail")
        if not np.isnan(d[name])
    ]
    if action:
        return " ".join([action, symbol, *prices])
    side = "buy" if d["side"] > 0 else "sell"
    size = "" if np.isnan(d["size"]) else f"{float(d['size']):g}"
    flags = [word for bits, word in FLAGS if int(d["flags"]) & bits[0] == bits[1]]
    kind = "at the market" if int(d["kind"]) == OrderKind.MARKET else ""
    return " ".join(word for word in (side, size, symbol, *prices, kind, *flags) if word)


def what_traded(c: Compared, trade: Trade) -> str:
    """What an order of either side traded, in words."""
    of = trade.there or trade.here
    assert of is not None
    reason = FillReason(of.reason)
    how = "" if reason is FillReason.ORDER else f" by its {reason.name.lower().replace('_', ' ')}"
    return f"{'a buy' if of.side > 0 else 'a sale'} of {of.size:.6g} {c.symbols[of.symbol]}{how}"


def advice(c: Compared) -> str:
    """What the backtest would have to assume to trade as the session did; nothing where it assumes about that."""
    r = c.result
    assumed = c.rules.slippage_used if c.rules.slippage == "fixed" else 0.0
    both = sum(trade.cost is not None for trade in r.trades)
    if r.slippage is None or both < TRADES_MIN or c.rules.slippage not in ("fixed", "none"):
        return ""
    wanted = max(0.0, assumed + r.slippage)
    if abs(r.slippage) < max(0.2 * assumed, LEAST):
        return ""
    how = f"--slippage fixed --slippage-amount {wanted:.2g}" if wanted > LEAST else "--slippage none"
    return (
        f"The session traded at prices {abs(r.slippage):.4%} {'worse' if r.slippage > 0.0 else 'better'} than the "
        f"backtest on average of {both:,} orders. For a backtest that assumes as much: {how}"
    )


def beside(difference: float | None, more: str, less: str) -> str:
    """On which side of the backtest a figure of the session is."""
    if difference is None:
        return "nothing was traded by both"
    if difference == 0.0:
        return "as in the backtest"
    return f"{more if difference > 0.0 else less} than in the backtest"
