"""What a session asks of a venue: take orders, take cancellations, and say in its own time what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tradewind.core.domain.events.payloads import OrderChange, Trade
from tradewind.core.engine.state import Order


@dataclass(frozen=True, slots=True)
class Answer:
    """What the venue said about an order, and when (ns UTC)."""

    time: int
    data: OrderChange | Trade


class Venue(Protocol):
    """A venue as a session sees it. Its answers are inputs: they are recorded, and a replay asks no venue."""

    def place(self, order: Order, order_id: str, now: int) -> None:
        """A new order is on its way: a market or a limit order, with a size, of a symbol by its number."""
        ...

    def cancel(self, order_id: str, now: int) -> None:
        """Somebody wants an order back; 0, one or more answers may come, and a fill may be one of them."""
        ...

    def see(self, symbol: int, price: float, size: float, now: int) -> None:
        """The market of a symbol traded."""
        ...

    def fund(self, symbol: int, rate: float, price: float, now: int) -> None:
        """Holders of a symbol pay each other."""
        ...

    def next_answer_ns(self) -> int | None:
        """When the next answer arrives; None while there is none on its way."""
        ...

    def answer(self) -> Answer:
        """The next answer."""
        ...
