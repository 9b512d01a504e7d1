"""Keeps the portfolios in the cache up to date: after every event of an account."""

from __future__ import annotations

from typing import Any

from tradewind.core.domain.account_view import TYPES
from tradewind.core.domain.events.envelope import Event
from tradewind.messaging.consumer import EventConsumer
from tradewind.messaging.handlers import event_handler
from tradewind.messaging.producer import EventProducer
from tradewind.ports.bus import Bus
from tradewind.ports.metrics import Metrics
from tradewind.trading.cached_portfolios import CachedPortfolios


class PortfolioKeeper(EventConsumer):
    """Brings an account's portfolio up to date when something happened to it."""

    def __init__(
        self,
        portfolios: CachedPortfolios,
        bus: Bus,
        producer: EventProducer,
        metrics: Metrics,
        *,
        member: str,
        group: str = "portfolios",
    ) -> None:
        super().__init__(bus, producer, metrics, group=group, member=member)
        self.portfolios = portfolios

    @event_handler(*TYPES)
    async def keep(self, event: Event[Any]) -> None:
        """An event of an account."""
        await self.portfolios.handle(event)
