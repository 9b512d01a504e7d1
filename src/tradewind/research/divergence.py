"""What a session did beside what a backtest of the same strategy does over the same bars: where they part, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tradewind.research.pairing import Cause, Pair, Side, Trade, pair_decisions, pair_trades

NEVER = 2**62


@dataclass(frozen=True)
class Divergence:
    """The comparison. Shares and means are None where there is nothing to take them of."""

    pairs: tuple[Pair, ...]
    trades: tuple[Trade, ...]
    first: Pair | None
    why: Trade | None
    """What had been traded otherwise before the first decision that differs; None where nothing had been."""
    same: int
    differing: int
    only_here: int
    only_there: int
    slippage: float | None
    """How much worse than the backtest the session traded, as a share of the value of what both traded."""
    price_cost: float
    fee_cost: float
    equity_here: float
    equity_there: float
    unexplained: float
    """What prices and fees do not explain of the difference in equity: other sizes, and what only one side traded."""

    @property
    def identical(self) -> bool:
        """Whether every decision is the same."""
        return self.first is None

    def causes(self) -> dict[Cause, tuple[int, float]]:
        """How many trades differ by each cause, and what prices and fees of these cost."""
        found: dict[Cause, tuple[int, float]] = {}
        for cause in Cause:
            of = [trade for trade in self.trades if trade.cause is cause]
            if of:
                found[cause] = (len(of), sum((t.cost or 0.0) + (t.fee or 0.0) for t in of))
        return found


def compare(here: Side, there: Side, step_ns: int) -> Divergence:
    """Compare a session (`here`) with a backtest (`there`) on bars of `step_ns`."""
    pairs = pair_decisions(here, there, step_ns)
    trades = pair_trades(here, there, pairs, step_ns)
    first = next((pair for pair in pairs if not pair.same), None)
    both = [t for t in trades if t.here is not None and t.there is not None]
    value = sum(min(t.here.size, t.there.size) * t.there.price for t in both if t.here and t.there)
    price_cost = sum(t.cost or 0.0 for t in both)
    fee_cost = sum(t.fee or 0.0 for t in both)
    equity_here, equity_there = (float(s.equity[-1]) if len(s.equity) else float("nan") for s in (here, there))
    return Divergence(
        pairs=tuple(pairs),
        trades=tuple(trades),
        first=first,
        why=None if first is None else _why(first, trades, here, there),
        same=sum(pair.same for pair in pairs),
        differing=sum(bool(pair.differs) for pair in pairs),
        only_here=sum(pair.there is None for pair in pairs),
        only_there=sum(pair.here is None for pair in pairs),
        slippage=price_cost / value if value > 0.0 else None,
        price_cost=price_cost,
        fee_cost=fee_cost,
        equity_here=equity_here,
        equity_there=equity_there,
        unexplained=equity_here - equity_there + price_cost + fee_cost,
    )


def _why(first: Pair, trades: Sequence[Trade], here: Side, there: Side) -> Trade | None:
    """What had gone otherwise before: the last refusal, missing or late fill, else the last size, else the last price.

    A price alone seldom changes a decision; where nothing else had differed, it is what did.
    """
    sides = ((first.here, here), (first.there, there))
    known = [(row, side.decisions) for row, side in sides if row is not None]
    last = max(int(decisions["time"][row]) for row, decisions in known)
    orders = [NEVER if row is None else _order_of(side, row) for row, side in sides]
    before = [trade for trade in trades if trade.cause is not None and trade.time <= last and _earlier(trade, orders)]
    grave = [trade for trade in before if trade.cause not in (Cause.PRICE, Cause.SIZE)]
    sized = [trade for trade in before if trade.cause is Cause.SIZE]
    return next((line[-1] for line in (grave, sized, before) if line), None)


def _order_of(side: Side, row: int) -> int:
    """The number of the order that a decision asks for; a cancellation asks for none."""
    return int(side.decisions["order"][row]) if side.decisions["action"][row] == 1 else NEVER


def _earlier(trade: Trade, orders: Sequence[int]) -> bool:
    """Whether a trade is of an order before these: what came of a decision is not the cause of it."""
    both = zip((trade.here, trade.there), orders, strict=True)
    return all(each is None or each.order < order for each, order in both)
