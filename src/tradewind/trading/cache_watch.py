"""Looks at the cache again and again: makes it ready, notices that it is gone, compares it with the events.

Who keeps the portfolios says so in the cache, under KEPT, with the name of what holds them (`Cache.ping`), for a few
seconds each time. Who only reads them believes the cache as long as that stands there and the name is right: not when
nobody keeps them any more, and not what another server leads with until they were made again there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from tradewind.core.domain.errors import TradewindError
from tradewind.trading.cache_health import Health
from tradewind.trading.cached_portfolios import AWAY, CachedPortfolios

LOOK_S = 1.0
"""Between two looks at whether the cache is there."""
CHECK_S = 300.0
"""Between two comparisons of every portfolio with the events."""
KEPT = "portfolio:kept"
KEPT_S = 10.0
CALM_S = 60.0
"""A cache that goes again and again after less than this is waited for, each time twice as long."""
WAIT_S_MAX = 60.0
NOBODY = "no process keeps the portfolios in it"


class CacheWatch:
    """A service: `run` until `stop`, or until it is cancelled. `subscribed` is set when it has looked once.

    With `keeps` it makes portfolios again and compares them; else it follows who does.
    """

    caught_up = True
    """It has nothing that waits."""

    def __init__(
        self,
        portfolios: CachedPortfolios,
        *,
        keeps: bool = True,
        look_s: float | None = None,
        check_s: float = CHECK_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.portfolios, self.look_s, self.check_s = portfolios, LOOK_S if look_s is None else look_s, check_s
        self.keeps = keeps
        self._clock, self._checked = clock, clock()
        self._ready_since: float | None = None
        self._said = self._clock()
        self._flaps, self._wait_until = 0, 0.0
        self.subscribed, self._stopping = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Look until `stop`. When it ends, however it does, the cache is not believed any more: nobody looks at it."""
        ended = "nobody looks at it any more"
        try:
            while not self._stopping.is_set():
                await self.look()
                self.subscribed.set()
                try:
                    async with asyncio.timeout(self.look_s):
                        await self._stopping.wait()
                except TimeoutError:
                    continue
        except TradewindError as problem:
            ended = str(problem)
            raise
        finally:
            self.portfolios.health.unwatched(ended)

    def stop(self) -> None:
        """Look no more; `run` returns."""
        self._stopping.set()

    async def look(self) -> None:
        """Look once."""
        health = self.portfolios.health
        self._count_absence(health.state)
        if health.state is not Health.AWAY:
            await self._look_at_what_is_there()
        elif self._clock() >= self._wait_until and await (self._recover() if self.keeps else self._follow()):
            self._ready_since = self._checked = self._clock()
        self._count_absence(health.state)
        await health.tell_news()

    async def _look_at_what_is_there(self) -> None:
        health = self.portfolios.health
        try:
            if not self.keeps:
                if not await self._is_kept():
                    health.lost(NOBODY)
                return
            # Where nobody has said it, somebody may have emptied the cache.
            emptied = await self.portfolios.cache.get(KEPT) is None
            await self._say_kept()
            if emptied or self._clock() - self._checked >= self.check_s:
                await self.portfolios.check(self._go_on_saying)
                self._checked = self._clock()
        except AWAY as problem:
            health.lost(str(problem))

    async def _recover(self) -> bool:
        """Make every portfolio again, and say that they are kept."""
        try:
            if not await self.portfolios.recover():
                return False
            await self._say_kept()
        except AWAY as problem:
            self.portfolios.health.lost(str(problem))
            return False
        return True

    async def _follow(self) -> bool:
        """Believe the cache where somebody keeps it; whether it is so."""
        health = self.portfolios.health
        try:
            if not await self._is_kept():
                health.lost(NOBODY)
                return False
        except AWAY as problem:
            health.lost(str(problem))
            return False
        health.found()
        health.rebuilt()
        return True

    async def _is_kept(self) -> bool:
        cache = self.portfolios.cache
        return await cache.get(KEPT) == (await cache.ping()).encode()

    async def _say_kept(self) -> None:
        """Look whether it is still there, and say that it is kept."""
        cache = self.portfolios.cache
        await cache.set(KEPT, (await cache.ping()).encode(), KEPT_S)
        self._said = self._clock()

    async def _go_on_saying(self) -> None:
        """In the middle of a long comparison: who reads does not wait for its end."""
        if self._clock() - self._said >= KEPT_S / 3:
            await self._say_kept()

    def _count_absence(self, state: Health) -> None:
        """It is gone again: how long it is waited for."""
        if state is not Health.AWAY or self._ready_since is None:
            return
        now = self._clock()
        self._flaps = 0 if now - self._ready_since >= CALM_S else self._flaps + 1
        wait_s = self.look_s * 2 ** min(self._flaps - 1, 10) if self._flaps > 1 else 0.0
        self._wait_until, self._ready_since = now + min(wait_s, WAIT_S_MAX), None
