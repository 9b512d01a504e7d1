"""Which orders the venue has been told of, those that have ended among them: their fills may still come."""

from __future__ import annotations

from collections import OrderedDict, deque
from copy import copy
from typing import TYPE_CHECKING

from tradewind.core.engine import constants as k

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tradewind.core.engine.state import Order

ENDED_MAX = 5_000
"""Orders that have ended and are still known, the last ones: a venue that speaks of an older one is not believed."""
TRADES_MAX = 20_000
"""Trades by whose id a repetition is known, the last ones."""


class Sent:
    """Orders by their numbers, as they were when the venue was told of them."""

    def __init__(self) -> None:
        self.open: dict[int, Order] = {}
        self.cancelling: set[int] = set()
        self._ended: OrderedDict[int, Order] = OrderedDict()
        self._trades: set[str] = set()
        self._trades_in_order: deque[str] = deque()

    def tell(self, o: Order) -> None:
        """The venue is told of a new order."""
        self.open[o.id] = copy(o)

    def end(self, table: Iterable[Order]) -> None:
        """Orders that are not in the table of the open ones any more have ended."""
        if not self.open:
            return
        there = {o.id for o in table}
        for number in [n for n in self.open if n not in there]:
            gone = self._ended[number] = self.open.pop(number)
            gone.state = k.FREE
            self.cancelling.discard(number)
        while len(self._ended) > ENDED_MAX:
            self._ended.popitem(last=False)

    def ended(self, number: int) -> Order | None:
        """An order that the venue was told of, and that is not open any more."""
        return self._ended.get(number)

    def is_new(self, trade_id: str) -> bool:
        """Whether this trade has not been heard of before; from now on it has been."""
        if trade_id in self._trades:
            return False
        self._trades.add(trade_id)
        self._trades_in_order.append(trade_id)
        if len(self._trades_in_order) > TRADES_MAX:
            self._trades.discard(self._trades_in_order.popleft())
        return True
