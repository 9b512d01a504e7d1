"""The engine's market, a tick at a time: orders meet each tick by the rules by which they meet the bars of a backtest.

There is one source for matching, filling and money, `core.engine`; here is only how a tick is put to it. A tick is a
bar whose four prices are one. An order that arrives takes, where it may, at the tick's price; a limit order that rests
is filled at its limit. Stops do not come here: a session watches its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.instruments import Instrument
from tradewind.core.domain.orders import OrderState
from tradewind.core.engine import account, intake, matching
from tradewind.core.engine import constants as k
from tradewind.core.engine.exchange import Exchange
from tradewind.core.engine.journal import UNLIMITED, drain
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.setup import settle_rules
from tradewind.core.engine.state import Order, OrderUpdate
from tradewind.trading.sessions.funding import settle

ENDS = frozenset((k.FILLED, k.REJECTED, k.CANCELED, k.EXPIRED))


@dataclass(frozen=True, slots=True)
class Traded:
    """An order has traded; `fee` as the instrument takes it, in quote or in base currency."""

    order: int
    size: float
    price: float
    fee: float
    maker: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """An order has ended otherwise than by being filled whole: a state of `domain.orders`, and a reason."""

    order: int
    state: OrderState
    reason: int


class TickMarket:
    """Orders of one account, and an account of the venue's own that must carry them."""

    def __init__(self, instruments: Sequence[Instrument], rules: MarketRules) -> None:
        self.x = x = Exchange(len(instruments), 0, rules.orders_max)
        settle_rules(x, list(instruments), rules)
        x.latency, x.trade_from, x.liquidates, x.wants_updates = 0, 0, False, True
        x.slippage_kind = k.FIXED_SLIPPAGE
        self.left: dict[int, float] = {}
        """What the open orders still want, by their numbers."""

    def place(self, order: Order, arrives: int) -> None:
        """An order arrives at a time. Raises BadInput where there are more than the account may have open."""
        x = self.x
        slot = intake.free_slot(x)
        if slot < 0:
            raise BadInput(f"more than {x.orders_max} orders are open at the venue", fix="Raise --orders-max")
        o = x.orders[slot]
        o.begin(order.id, order.symbol, order.side, order.kind, order.size)
        o.limit, o.reduce_only, o.post_only = order.limit, order.reduce_only, order.post_only
        o.tif, o.expires, o.arrives = order.tif, order.expires, arrives
        intake.enqueue(x, slot)
        self.left[o.id] = o.size

    def withdraw(self, order: int) -> bool:
        """Take an order out of the market; whether it was there."""
        for i in range(self.x.live):
            o = self.x.orders[self.x.queue[i]]
            if o.id == order and o.state != k.FREE:
                o.state = k.FREE
                intake.sweep(self.x)
                del self.left[order]
                return True
        return False

    def fund(self, symbol: int, rate: float, price: float, now: int) -> None:
        """Funding falls due on what the account holds."""
        settle(self.x, symbol, rate, price, now)

    @property
    def waits(self) -> bool:
        """Whether any order is open."""
        return bool(self.left)

    def tick(
        self, symbol: int, price: float, size: float, now: int, *, slippage: float = 0.0, offered: float = math.inf
    ) -> list[Traded | Ended]:
        """The market of a symbol traded: what that did to the orders, in the order in which it happened.

        `slippage` is the fraction of the price that a market order trades worse by, `offered` what can be had at most.
        """
        x = self.x
        bar, s = x.bars[symbol], x.instruments[symbol]
        bar.time, bar.volume = now, size
        bar.open = bar.high = bar.low = bar.close = price
        if not self.left:
            return []
        x.symbol_now, x.slippage_amount = symbol, slippage
        x.open_bar(bar)
        s.volume_left = min(s.volume_left, offered)
        for o in [x.orders[x.queue[i]] for i in range(x.live)]:
            if o.state == k.FREE or o.symbol != symbol or o.arrives > now:
                continue
            if 0 < o.expires <= now:
                intake.finish(x, o, k.EXPIRED, k.TIME_OUT)
            elif o.kind == k.MARKET or not o.rests:
                matching.at_open(x, o, bar, s)
        intake.sweep(x)
        x.inside_phase(bar)
        return self._happened()

    def _happened(self) -> list[Traded | Ended]:
        """Empty the outbox. The two halves of a fill that turned a position round are one trade."""
        x = self.x
        found: list[Traded] = []
        for f in x.fills[: x.fill_count]:
            fee = f.fee_base or f.fee
            last = found[-1] if found else None
            if last is not None and (last.order, last.price, last.maker) == (f.order, f.price, bool(f.maker)):
                found[-1] = Traded(f.order, last.size + f.size, f.price, last.fee + fee, last.maker)
            else:
                found.append(Traded(f.order, f.size, f.price, fee, bool(f.maker)))
        for each in found:
            self.left[each.order] -= each.size
        ends = [end for u in x.updates[: x.update_count] if (end := self._ended(u)) is not None]
        x.update_count = 0
        drain(x, 0, [], [], UNLIMITED)
        return [*found, *ends]

    def _ended(self, u: OrderUpdate) -> Ended | None:
        """What is told of an order's end: nothing of one that was filled whole."""
        if u.state not in ENDS:
            return None
        left = self.left.pop(u.order)
        if u.state != k.FILLED:
            return Ended(u.order, OrderState(u.state), u.reason)
        return Ended(u.order, OrderState.CANCELED, k.OTHER_SIDE_FILLED) if left > u.size * account.HAIR else None
