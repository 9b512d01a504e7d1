"""A venue for rehearsals: the engine's market, tick by tick, whose answers are late, lost, doubled or refusals.

What an order trades at and how much of it is `tick_market`'s business, and so the engine's. Here is what a backtest
does not have: the way there and back, orders that are turned down for no reason, fills that come in parts, answers
that come twice, that overtake each other, or that do not come, until later there is evidence. All of it from one seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from heapq import heappop, heappush
from math import inf
from random import Random

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.payloads import OrderChange, OrderStateName, Side, Trade
from tradewind.core.domain.instruments import Instrument
from tradewind.core.domain.orders import REASON_TEXT, Reason
from tradewind.core.engine import constants as k
from tradewind.core.engine.rules import MarketRules
from tradewind.core.engine.state import Order
from tradewind.trading.sessions.tick_market import Ended, TickMarket, Traded
from tradewind.trading.sessions.venue import Answer

MS_NS = 1_000_000
EVIDENCE_AFTER_MS = (1_000.0, 30_000.0)
"""How long an outcome stays unknown."""
KNOWN_MAX = 20_000
"""Orders that are remembered, open ones and ended ones."""
SHARE = "Give a share such as 0.1"
SHARES = ("rejects", "in_parts", "slippage_max", "unknown", "twice", "overtaken")


@dataclass(frozen=True)
class Chances:
    """How often a venue does what; shares of all orders, ticks with orders, or answers.

    rejects         orders turned down
    in_parts        ticks that offer only a part of what is wanted
    slippage_max    how much worse than the tick a market order may trade, as a share of the price
    unknown         orders whose outcome is not known at first; half of them have arrived, and half are lost
    twice           answers that come a second time, later
    overtaken       answers that do not wait for those before them
    way_ms          the shortest and the longest way of an order or an answer
    """

    seed: int = 0
    rejects: float = 0.03
    in_parts: float = 0.4
    slippage_max: float = 0.0005
    way_ms: tuple[float, float] = (5.0, 250.0)
    unknown: float = 0.01
    twice: float = 0.02
    overtaken: float = 0.02

    def __post_init__(self) -> None:
        for name in SHARES:
            if not 0.0 <= getattr(self, name) < 1.0:
                raise BadInput(
                    f"{name} is from 0 to below 1, found {getattr(self, name)}", where="the venue", fix=SHARE
                )
        if not 0.0 <= self.way_ms[0] <= self.way_ms[1] < inf:
            raise BadInput(f"way_ms is the shortest and the longest way, found {self.way_ms}", where="the venue")


AT_ONCE = Chances(0, 0.0, 0.0, 0.0, (0.0, 0.0), 0.0, 0.0, 0.0)
"""A venue without chance, which answers at once: a backtest's market."""


class ChanceVenue:
    """Answers the orders of one account."""

    def __init__(self, account: str, instruments: Sequence[Instrument], rules: MarketRules, chances: Chances) -> None:
        self.account, self.instruments, self.chances = account, tuple(instruments), chances
        self.market = TickMarket(instruments, rules)
        self._chance = Random(chances.seed)  # noqa: S311 - a venue made up, from a seed
        self._orders: dict[int, _Known] = {}
        self._coming: list[tuple[int, int, Answer]] = []
        self._sent = self._trades = 0
        self._last_ns = 0

    def place(self, order: Order, order_id: str, now: int) -> None:
        """See the port."""
        known = self._orders[order.id] = _Known(order, order_id, self.instruments[order.symbol])
        self._forget()
        arrives = now + self._way()
        if self._happens(self.chances.rejects):
            self._send(arrives + self._way(), self._change(known, "REJECTED", "the venue is busy"))
            return
        if not self._happens(self.chances.unknown):
            self.market.place(order, arrives)
            self._send(arrives + self._way(), self._change(known, "ACCEPTED"))
            return
        evidence = arrives + round(self._chance.uniform(*EVIDENCE_AFTER_MS) * MS_NS)
        self._send(arrives + self._way(), self._change(known, "UNKNOWN", "no answer came"))
        if self._happens(0.5):
            self.market.place(order, arrives)
            self._send(evidence, self._change(known, "ACCEPTED", "found at the venue"), in_order=False)
        else:
            self._send(evidence, self._change(known, "REJECTED", "it never came to the venue"), in_order=False)

    def cancel(self, order_id: str, now: int) -> None:
        """See the port. The request arrives at once, its answer takes its time, after those of fills before it."""
        number = int(order_id.rpartition("-")[2])
        if self.market.withdraw(number):
            self._send(now + self._way(), self._change(self._orders[number], "CANCELED", REASON_TEXT[Reason.ASKED]))

    def see(self, symbol: int, price: float, size: float, now: int) -> None:
        """See the port."""
        if not self.market.waits:
            self.market.tick(symbol, price, size, now)
            return
        slippage = self._chance.uniform(0.0, self.chances.slippage_max)
        offered = self._offered(symbol) if self._happens(self.chances.in_parts) else inf
        for happened in self.market.tick(symbol, price, size, now, slippage=slippage, offered=offered):
            known = self._orders[happened.order]
            answer = self._trade(known, happened) if isinstance(happened, Traded) else self._end(known, happened)
            self._send(now + self._way(), answer)

    def fund(self, symbol: int, rate: float, price: float, now: int) -> None:
        """See the port."""
        self.market.fund(symbol, rate, price, now)

    def next_answer_ns(self) -> int | None:
        """See the port."""
        return self._coming[0][0] if self._coming else None

    def answer(self) -> Answer:
        """See the port."""
        return heappop(self._coming)[2]

    def _forget(self) -> None:
        """Orders that are not open are forgotten one day."""
        if len(self._orders) > KNOWN_MAX:
            for number in list(self._orders)[: KNOWN_MAX // 2]:
                if number not in self.market.left:
                    del self._orders[number]

    def _offered(self, symbol: int) -> float:
        """A part of what the symbol's orders want; nothing of it may be less than a lot."""
        wanted = sum(left for order, left in self.market.left.items() if self._orders[order].symbol == symbol)
        s = self.market.x.instruments[symbol]
        return max(s.round_size(wanted * self._chance.uniform(0.2, 0.8)), s.size_min) or inf

    def _trade(self, known: _Known, traded: Traded) -> Trade:
        self._trades += 1
        known.filled += _exact(traded.size)
        return Trade(
            account=self.account,
            order_id=known.order_id,
            trade_id=f"{self.account}-t{self._trades}",
            symbol=known.instrument.symbol,
            side=known.side,
            size=_exact(traded.size),
            price=_exact(traded.price),
            fee=_exact(traded.fee),
            fee_currency=_currency(known.instrument, bought=known.side == "buy"),
            maker=traded.maker,
        )

    def _end(self, known: _Known, ended: Ended) -> OrderChange:
        state: OrderStateName = ended.state.name  # type: ignore[assignment]
        return self._change(known, state, REASON_TEXT[Reason(ended.reason)])

    def _happens(self, share: float) -> bool:
        return share > 0.0 and self._chance.random() < share

    def _way(self) -> int:
        low, high = self.chances.way_ms
        return round(self._chance.uniform(low, high) * MS_NS)

    def _send(self, time: int, data: OrderChange | Trade, *, in_order: bool = True) -> None:
        """Put an answer on its way. Answers of one connection arrive in the order in which they were sent, mostly."""
        if in_order and not self._happens(self.chances.overtaken):
            self._last_ns = time = max(self._last_ns, time)
        self._put(time, data)
        if self._happens(self.chances.twice):
            self._put(time + self._way(), data)

    def _put(self, time: int, data: OrderChange | Trade) -> None:
        self._sent += 1
        heappush(self._coming, (time, self._sent, Answer(time, data)))

    def _change(self, known: _Known, state: OrderStateName, reason: str = "") -> OrderChange:
        return OrderChange(
            account=self.account,
            order_id=known.order_id,
            symbol=known.instrument.symbol,
            side=known.side,
            state=state,
            size=known.size,
            filled=known.filled,
            limit=known.limit,
            venue_order_id=f"v{known.order_id}",
            reason=reason,
        )


class _Known:
    """What the venue knows of an order."""

    def __init__(self, o: Order, order_id: str, instrument: Instrument) -> None:
        self.order_id, self.symbol, self.instrument = order_id, o.symbol, instrument
        self.side: Side = "buy" if o.side > 0 else "sell"
        self.size, self.filled = _exact(o.size), Decimal(0)
        self.limit = None if o.kind == k.MARKET else _exact(o.limit)


def _exact(value: float) -> Decimal:
    return Decimal(repr(value))


def _currency(instrument: Instrument, *, bought: bool) -> str:
    first, _, rest = instrument.symbol.partition("/")
    return first if instrument.fee_in_base and bought else rest.partition(":")[0]
