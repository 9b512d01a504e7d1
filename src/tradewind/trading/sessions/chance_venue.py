"""A venue for rehearsals: it fills from the ticks of the market, late, in parts, worse or not at all, as chance has it.

Orders arrive after a while. A market order then trades at the next tick, made worse by slippage; a limit order when a
tick is at its limit or better. All that is left to chance comes from one seed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from tradewind.core.domain.errors import BadInput
from tradewind.core.domain.events.payloads import OrderChange, OrderStateName, Side, Trade
from tradewind.core.domain.instruments import Instrument
from tradewind.core.engine import constants as k
from tradewind.core.engine.state import Order
from tradewind.trading.sessions.venue import Answer

MS_NS = 1_000_000
PLACES = Decimal("0.00000001")
PARTS_MAX = 4
SHARE = "Give a share such as 0.1"


@dataclass(frozen=True)
class Chances:
    """How often a venue turns an order down, fills only a part at a tick, and how long what takes it."""

    seed: int = 0
    rejects: float = 0.03
    in_parts: float = 0.4
    slippage_max: float = 0.0005
    way_ms: tuple[float, float] = (5.0, 250.0)

    def __post_init__(self) -> None:
        for name in ("rejects", "in_parts", "slippage_max"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise BadInput(
                    f"{name} is from 0 to below 1, found {getattr(self, name)}", where="the venue", fix=SHARE
                )
        if not 0.0 <= self.way_ms[0] <= self.way_ms[1]:
            raise BadInput(f"way_ms is the shortest and the longest way, found {self.way_ms}", where="the venue")


class _Standing:
    """An order at the venue."""

    def __init__(self, o: Order, order_id: str, arrives: int) -> None:
        self.order_id, self.side, self.limit, self.reduces = order_id, o.side, o.limit, o.reduce_only
        self.market, self.size, self.arrives = o.kind == k.MARKET, _exact(o.size), arrives
        self.left, self.parts, self.accepted = self.size, 0, False


class ChanceVenue:
    """Answers orders of one account on one instrument."""

    def __init__(self, account: str, instrument: Instrument, chances: Chances) -> None:
        self.account, self.instrument, self.chances = account, instrument, chances
        self._chance = Random(chances.seed)  # noqa: S311 - a venue made up, from a seed
        self._orders: dict[str, _Standing] = {}
        self._coming: deque[Answer] = deque()
        self._trades = 0
        self._last_ns = 0
        self._held = Decimal(0)

    def place(self, order: Order, order_id: str, now: int) -> None:
        """See the port."""
        standing = _Standing(order, order_id, now + self._way())
        if self._chance.random() < self.chances.rejects:
            change = self._change(standing, "REJECTED", "the venue is busy")
            self._send(standing.arrives + self._way(), change)
            return
        self._orders[order_id] = standing
        self._send(standing.arrives + self._way(), self._change(standing, "ACCEPTED"))

    def cancel(self, order_id: str, now: int) -> None:
        """See the port. The request arrives at once, its answer takes its time, after those of fills before it."""
        standing = self._orders.get(order_id)
        if standing is not None:
            del self._orders[order_id]
            self._send(now + self._way(), self._change(standing, "CANCELED", "asked for"))

    def see(self, price: float, size: float, now: int) -> None:  # noqa: ARG002 - it trades any size
        """See the port."""
        for standing in list(self._orders.values()):
            if standing.arrives > now:
                continue
            if standing.market or (price <= standing.limit if standing.side > 0 else price >= standing.limit):
                self._trade(standing, price, now)

    def next_answer_ns(self) -> int | None:
        """See the port."""
        return self._coming[0].time if self._coming else None

    def answer(self) -> Answer:
        """See the port."""
        return self._coming.popleft()

    def _trade(self, standing: _Standing, price: float, now: int) -> None:
        size = standing.left
        if standing.reduces:
            held = abs(self._held) if self._held * standing.side < 0 else Decimal(0)
            if held < PLACES:
                del self._orders[standing.order_id]
                self._send(now + self._way(), self._change(standing, "CANCELED", "nothing to reduce"))
                return
            size = size if size - held < PLACES else held  # a position is a sum of floats at the other end
        if standing.parts < PARTS_MAX - 1 and self._chance.random() < self.chances.in_parts:
            size = self._rounded(size * _exact(self._chance.uniform(0.2, 0.8))) or size
        standing.parts += 1
        standing.left -= size
        self._held += size * standing.side
        if standing.left == 0:
            del self._orders[standing.order_id]
        at = self._price(standing, price)
        fee = self.instrument.taker_fee if standing.market else self.instrument.maker_fee
        base = self.instrument.fee_in_base and standing.side > 0
        self._trades += 1
        trade = Trade(
            account=self.account,
            order_id=standing.order_id,
            trade_id=f"{self.account}-t{self._trades}",
            symbol=self.instrument.symbol,
            side=_side(standing.side),
            size=size,
            price=at,
            fee=(size * fee if base else size * at * fee).quantize(PLACES),
            fee_currency=_currency(self.instrument.symbol, base=base),
            maker=not standing.market,
        )
        self._send(now + self._way(), trade)

    def _price(self, standing: _Standing, price: float) -> Decimal:
        if not standing.market:
            return _exact(standing.limit)
        worse = price * (1.0 + standing.side * self._chance.uniform(0.0, self.chances.slippage_max))
        at, tick = _exact(worse), self.instrument.tick
        return at if tick is None else (at / tick).to_integral_value() * tick

    def _rounded(self, size: Decimal) -> Decimal:
        lot = self.instrument.lot or PLACES
        return (size // lot) * lot

    def _way(self) -> int:
        low, high = self.chances.way_ms
        return round(self._chance.uniform(low, high) * MS_NS)

    def _send(self, time: int, data: OrderChange | Trade) -> None:
        """Put an answer on its way. Answers of one connection arrive in the order in which they were sent."""
        self._last_ns = max(self._last_ns, time)
        self._coming.append(Answer(self._last_ns, data))

    def _change(self, standing: _Standing, state: OrderStateName, reason: str = "") -> OrderChange:
        return OrderChange(
            account=self.account,
            order_id=standing.order_id,
            symbol=self.instrument.symbol,
            side=_side(standing.side),
            state=state,
            size=standing.size,
            filled=standing.size - standing.left,
            limit=None if standing.market else _exact(standing.limit),
            venue_order_id=f"v{standing.order_id}",
            reason=reason,
        )


def _exact(value: float) -> Decimal:
    return Decimal(repr(value))


def _side(side: int) -> Side:
    return "buy" if side > 0 else "sell"


def _currency(symbol: str, *, base: bool) -> str:
    first, _, rest = symbol.partition("/")
    return first if base else rest.partition(":")[0] or rest
