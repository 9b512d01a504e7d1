"""Keeps the portfolios in the cache: after every event of an account, and after the cache was away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from tradewind.core.domain.account_view import TYPES
from tradewind.core.domain.events.envelope import Event
from tradewind.messaging.consumer import EventConsumer
from tradewind.messaging.handlers import event_handler
from tradewind.messaging.producer import EventProducer
from tradewind.ports.bus import Bus
from tradewind.ports.metrics import Metrics
from tradewind.trading.cache_health import Health
from tradewind.trading.cached_portfolios import AWAY, CachedPortfolios

LOOK_S = 1.0
"""Between two looks at whether the cache is there."""
CHECK_S = 300.0
"""Between two comparisons of every portfolio with the events."""


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


class CacheWatch:
    """Looks at the cache again and again: makes it ready, notices that it is gone, compares it with the events."""

    def __init__(
        self,
        portfolios: CachedPortfolios,
        *,
        look_s: float = LOOK_S,
        check_s: float = CHECK_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.portfolios, self.look_s, self.check_s = portfolios, look_s, check_s
        self._clock, self._checked = clock, clock()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Look until `stop`."""
        while not self._stopping.is_set():
            await self.look()
            try:
                async with asyncio.timeout(self.look_s):
                    await self._stopping.wait()
            except TimeoutError:
                continue

    def stop(self) -> None:
        """Look no more; `run` returns."""
        self._stopping.set()

    async def look(self) -> None:
        """Look once."""
        health = self.portfolios.health
        if health.state is Health.AWAY:
            await self.portfolios.recover()
            self._checked = self._clock()
        else:
            try:
                await self.portfolios.ping()
                if self._clock() - self._checked >= self.check_s:
                    self._checked = self._clock()
                    await self.portfolios.check()
            except AWAY as problem:
                health.lost(str(problem))
        await health.tell_news()
